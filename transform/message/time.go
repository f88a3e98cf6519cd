package message

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrTime is for a text that is not a time; it says what would be.
var ErrTime = errors.New("want RFC 3339, as in 2026-01-31T08:30:00Z, or seconds or milliseconds since 1970")

// What divides epoch seconds from milliseconds, those from microseconds, and
// those from nanoseconds: each is the year 5138 in the one and 1973 in the next.
const (
	secondsEnd = 1e11
	millisEnd  = 1e14
	microsEnd  = 1e17
)

// ParseTime reads RFC 3339, or a number of seconds or milliseconds since 1970.
func ParseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if n, ok := epochNumber(text); ok {
		if n < secondsEnd {
			return ParseEpoch(text, "s")
		}
		return ParseEpoch(text, "ms")
	}
	// RFC 3339 section 5.6 allows lower case, a space, and leap seconds.
	upper := []byte(strings.ToUpper(text))
	if len(upper) > 19 && upper[10] == ' ' {
		upper[10] = 'T'
	}
	leap := len(upper) > 19 && string(upper[16:19]) == ":60"
	if leap {
		upper[17], upper[18] = '5', '9'
	}
	t, err := time.Parse(time.RFC3339, string(upper))
	if err != nil {
		return time.Time{}, ErrTime
	}
	if leap {
		t = t.Add(time.Second).Truncate(time.Second)
	}
	return InRange(t.UTC())
}

// epochNumber reads a text that is a number. Most are not, and an error of strconv
// costs more than a look.
func epochNumber(text string) (float64, bool) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// ParseEpoch reads a number since 1970 in a unit: s, ms, us, ns, or by its
// magnitude. Whole numbers keep every digit.
func ParseEpoch(text, unit string) (time.Time, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0) || math.IsInf(n, 0) {
		return time.Time{}, ErrTime
	}
	nanos, digits := 1.0, 0 // nanoseconds in the unit; decimal places that count
	switch {
	case unit == "s" || unit == "" && n < secondsEnd:
		nanos, digits = 1e9, 9
	case unit == "ms" || unit == "" && n < millisEnd:
		nanos, digits = 1e6, 6
	case unit == "us" || unit == "" && n < microsEnd:
		nanos, digits = 1e3, 3
	case unit == "ns" || unit == "":
	default:
		return time.Time{}, ErrTime
	}
	if n*nanos > 253402300800e9 { // the year 10000
		return time.Time{}, ErrTime
	}
	whole, fraction, _ := strings.Cut(text, ".")
	units, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(fraction, "eE") {
		return epochFloat(n, nanos)
	}
	fraction = (fraction + "000000000")[:digits]
	rest, err := strconv.ParseInt("0"+fraction, 10, 64)
	if err != nil {
		return time.Time{}, ErrTime
	}
	second := int64(1e9 / nanos)
	return InRange(time.Unix(units/second, units%second*int64(nanos)+rest).UTC())
}

// epochFloat is for numbers such as 1.6e9. A float64 of this size holds
// microseconds and no more.
func epochFloat(n, nanos float64) (time.Time, error) {
	seconds, fraction := math.Modf(n / (1e9 / nanos))
	return InRange(time.Unix(int64(seconds), int64(math.Round(fraction*1e6))*1000).UTC())
}

// ParseLenientTime reads what senders write for a time: what ParseTime reads, also
// in microseconds and nanoseconds, and times without a zone, which are UTC. Some
// have spaces in them, lack a separator or the colon of the zone.
func ParseLenientTime(text string) (time.Time, error) {
	if _, ok := epochNumber(text); ok {
		return ParseEpoch(text, "")
	}
	if t, err := ParseTime(text); err == nil {
		return t, nil
	}
	s := paddedTime(strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(text)), ": ", ":"))
	if len(s) > 9 && s[4] == '-' && s[7] != '-' { // 2020-0327T12:39:05Z, a Milesight gateway
		s = s[:7] + "-" + s[7:]
	}
	if len(s) < 19 || s[10] != 'T' && s[10] != ' ' && s[10] != '+' {
		return time.Time{}, ErrTime
	}
	s = strings.ReplaceAll(s[:10], "/", "-") + "T" + s[11:]
	end := 19
	for end < len(s) && (s[end] == '.' || s[end] == ',' || '0' <= s[end] && s[end] <= '9') {
		end++
	}
	zone := strings.TrimSpace(s[end:])
	switch {
	case zone == "" || zone == "UTC" || zone == "GMT":
		zone = "Z"
	case len(zone) == 5: // +0100
		zone = zone[:3] + ":" + zone[3:]
	case len(zone) == 3: // +01
		zone += ":00"
	}
	return ParseTime(s[:end] + zone)
}

// paddedTime writes the two digits of 2026-1-31 8:5:9, as small devices send it.
func paddedTime(s string) string {
	if len(s) < 8 || len(s) >= 32 || s[4] != '-' && s[4] != '/' {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:5])
	parts := 1 // of date and time that were begun
	for i := 5; i < len(s); {
		digits := i
		for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
			digits++
		}
		if digits == i || digits-i > 2 {
			return s
		}
		if digits-i == 1 {
			b.WriteByte('0')
		}
		b.WriteString(s[i:digits])
		if parts++; parts == 6 || digits == len(s) {
			b.WriteString(s[digits:])
			break
		}
		b.WriteByte(s[digits])
		i = digits + 1
	}
	return b.String()
}

// FormatTime writes a time as the expressions see it.
func FormatTime(t time.Time) string { return t.Format("2006-01-02T15:04:05.999999999Z") }

// InRange refuses years that RFC 3339 cannot write.
func InRange(t time.Time) (time.Time, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}, ErrTime
	}
	return t, nil
}

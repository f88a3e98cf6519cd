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

// ErrNoZone is for a time without a zone where none is assumed.
var ErrNoZone = errors.New("has no time zone: write Z or an offset behind the time, as in 2026-01-31T08:30:00+01:00")

// What divides epoch seconds from milliseconds, those from microseconds, and
// those from nanoseconds: each is the year 5138 in the one and 1973 in the next.
const (
	secondsEnd = 1e11
	millisEnd  = 1e14
	microsEnd  = 1e17
)

// Zone says what a time without a zone means. Its zero value takes it for UTC.
type Zone struct {
	place  *time.Location // nil is UTC
	refuse bool
}

// ParseZone reads a zone: UTC (or nothing), refuse, an offset as in +01:00, or a name of the
// time zone database as in Europe/Berlin.
func ParseZone(name string) (Zone, error) {
	switch name {
	case "", "UTC":
		return Zone{}, nil
	case "refuse":
		return Zone{refuse: true}, nil
	case "Local": // would be that of the machine
		return Zone{}, errors.New(
			"the zone Local is not known: want UTC, refuse, an offset as in +01:00 or a name as in Europe/Berlin")
	}
	if place, ok := parseOffset(name); ok {
		return Zone{place: place}, nil
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return Zone{}, errors.New(Quote(name) + " is not known: want UTC, refuse, an offset as in +01:00 or a name as in Europe/Berlin")
	}
	return Zone{place: place}, nil
}

// ParseTime reads what senders write for a time, the same wherever a time can stand:
//
//   - RFC 3339 and ISO 8601 as small devices write it: lower case, a space for the T, no
//     seconds, a comma before the fraction, offsets as +01, +0100 or +01:00, UTC or GMT, single
//     digits, slashes, no separators at all (20260131T083000Z), the date alone;
//   - the dates of HTTP and mail: RFC 1123, RFC 850, and what C and JavaScript print;
//   - a number since 1970: s, ms, us or ns by its magnitude.
//
// A time without a zone is one of zone. The result is in UTC.
func ParseTime(text string, zone Zone) (time.Time, error) {
	if len(text) >= len("2006-01-02T15:04:05Z") && text[10] == 'T' {
		if t, err := time.Parse(time.RFC3339, text); err == nil { // nearly all
			return InRange(t.UTC())
		}
	}
	text = strings.TrimSpace(text)
	if _, ok := epochNumber(text); ok {
		const compact = len("20060102150405") // as milliseconds it is in the year 2600
		if len(text) == compact && text[:2] == "20" && !strings.ContainsAny(text, ".+-eE") {
			if t, err := parseCalendar(text[:8]+"T"+text[8:], zone); err == nil {
				return t, nil
			}
		}
		return ParseEpoch(text, "")
	}
	return parseCalendar(text, zone)
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
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return time.Time{}, ErrTime
	}
	nanos, digits := 1.0, 0 // nanoseconds in the unit; decimal places that count
	switch size := math.Abs(n); {
	case unit == "s" || unit == "" && size < secondsEnd:
		nanos, digits = 1e9, 9
	case unit == "ms" || unit == "" && size < millisEnd:
		nanos, digits = 1e6, 6
	case unit == "us" || unit == "" && size < microsEnd:
		nanos, digits = 1e3, 3
	case unit == "ns" || unit == "":
	default:
		return time.Time{}, ErrTime
	}
	if n*nanos > 253402300800e9 || n*nanos < -62167219200e9 { // the years 10000 and 0
		return time.Time{}, ErrTime
	}
	whole, fraction, _ := strings.Cut(text, ".")
	units, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || strings.ContainsAny(fraction, "eE") {
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

// FormatTime writes a time as the expressions see it.
func FormatTime(t time.Time) string { return t.Format("2006-01-02T15:04:05.999999999Z") }

// InRange refuses years that RFC 3339 cannot write.
func InRange(t time.Time) (time.Time, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}, ErrTime
	}
	return t, nil
}

package convert

import (
	"strconv"
	"strings"
	"time"

	"mayfly/transform/message"
)

// isDate: RFC 3339 section 5.6, full-date, from year 1.
func isDate(text string) bool {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' || !allDigits(text[:4]+text[5:7]+text[8:]) {
		return false
	}
	year, month, day := number2(text[:4]), number2(text[5:7]), number2(text[8:])
	return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

func number2(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// isTime: the same, full-time, in capitals and without leap seconds, which
// Azure's parser refuses.
func isTime(text string) bool {
	if len(text) < 9 || !isClock(text[:8]) {
		return false
	}
	rest := text[8:]
	if rest[0] == '.' {
		digits := len(rest) - 1 - len(strings.TrimLeft(rest[1:], "0123456789"))
		if digits == 0 {
			return false
		}
		rest = rest[1+digits:]
	}
	if rest == "Z" {
		return true
	}
	return len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && isClock(rest[1:]+":00")
}

func isClock(text string) bool {
	return text[2] == ':' && text[5] == ':' && allDigits(text[:2]) && allDigits(text[3:5]) && allDigits(text[6:]) &&
		text[:2] <= "23" && text[3:5] <= "59" && text[6:] <= "59"
}

// isDateTime: the same, date-time, in capitals.
func isDateTime(text string) bool {
	return len(text) > 11 && text[10] == 'T' && isDate(text[:10]) && isTime(text[11:])
}

// What divides epoch seconds from milliseconds, those from microseconds, and
// those from nanoseconds, by their number of digits: each is the year 5138 in the
// one and 1973 in the next.
const (
	secondsDigits = 11
	millisDigits  = 14
	microsDigits  = 17
)

// dateTimeText writes a time in RFC 3339, with all digits: an epoch in seconds,
// milliseconds, microseconds or nanoseconds by its magnitude, or any other form
// that a timestamp may have. A time without a zone is taken for UTC.
func dateTimeText(text string) string {
	if literal, ok := numberIn(text); ok {
		return epochText(literal)
	}
	if normal := normalTime(text); isDateTime(normal) {
		return normal
	}
	return calendarText(text)
}

// maxFraction is how many digits of a second message.ParseTime keeps.
const maxFraction = 9

// calendarText writes a form of a time that normalTime does not know, such as those
// of mail, in UTC. It leaves leap seconds alone, which would be another second, and
// fractions that would be cut.
func calendarText(text string) string {
	longest := 0
	for part := range strings.FieldsFuncSeq(text, func(c rune) bool { return c < '0' || c > '9' }) {
		longest = max(longest, len(part))
	}
	t, err := message.ParseTime(text, message.Zone{})
	leap := strings.Contains(text, ":60") || strings.Contains(text, "5960")
	if err != nil || longest > maxFraction || leap {
		return ""
	}
	if out := message.FormatTime(t); isDateTime(out) {
		return out
	}
	return ""
}

// dateText writes a date that only differs in its form: with slashes or points,
// single digits.
func dateText(text string) string {
	text = strings.NewReplacer("/", "-", ".", "-").Replace(strings.TrimSpace(text))
	if date := padded(text, "-", 3); isDate(date) {
		return date
	}
	return ""
}

// timeText writes a time of day that only differs in its form, as dateTimeText does.
func timeText(text string) string {
	text = strings.ToUpper(strings.TrimSpace(text))
	if clock := normalClock(strings.TrimPrefix(text, "T")); isTime(clock) {
		return clock
	}
	return ""
}

// epochText shifts the point of a number to where its seconds end.
func epochText(literal string) string {
	literal, ok := plain(literal)
	if !ok {
		return ""
	}
	literal, negative := strings.CutPrefix(literal, "-")
	whole, fraction, _ := strings.Cut(literal, ".")
	places := 0 // of the whole part that are below a second
	switch digits := len(whole); {
	case digits <= secondsDigits:
	case digits <= millisDigits:
		places = 3
	case digits <= microsDigits:
		places = 6
	default:
		places = 9
	}
	fraction = strings.TrimRight(whole[len(whole)-places:]+fraction, "0")
	seconds, err := strconv.ParseInt(whole[:len(whole)-places], 10, 64)
	if err != nil {
		return ""
	}
	if negative {
		seconds = -seconds
		if fraction != "" {
			seconds, fraction = seconds-1, complement(fraction)
		}
	}
	if seconds > lastSecond || seconds < firstSecond {
		return ""
	}
	out := time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05")
	if fraction != "" {
		out += "." + fraction
	}
	return out + "Z"
}

// The first second of the year 1, and the last one of the year 9999.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// complement returns the digits of 1 minus a fraction whose last digit is not zero.
func complement(fraction string) string {
	out := []byte(fraction)
	for i := range out {
		out[i] = '0' + '9' - out[i]
	}
	out[len(out)-1]++
	return string(out)
}

// normalTime writes what senders write for a time in the form of RFC 3339: spaces
// and slashes, a comma for the point, single digits, a zone without its colon or
// none at all.
func normalTime(text string) string {
	s := strings.ToUpper(strings.TrimSpace(text))
	if len(s) > 64 {
		return ""
	}
	s = strings.ReplaceAll(s, ": ", ":")
	date, clock := cutDate(s)
	return padded(date, "-", 3) + "T" + normalClock(clock)
}

// normalClock does the same for a time of day, which is in capitals.
func normalClock(clock string) string {
	zone := "Z"
	if i := strings.IndexAny(clock, "Z+-UG "); i >= 0 {
		zone = normalZone(strings.TrimSpace(clock[i:]))
		clock = clock[:i]
	}
	hms, fraction, _ := strings.Cut(strings.Replace(clock, ",", ".", 1), ".")
	if fraction != "" {
		fraction = "." + fraction
	}
	if strings.Count(hms, ":") == 1 && fraction == "" {
		hms += ":00"
	}
	return padded(hms, ":", 3) + fraction + zone
}

// cutDate cuts the date off a time; its parts are divided by dashes or slashes.
func cutDate(s string) (date, clock string) {
	i := strings.IndexAny(s, "T +")
	if i < 0 {
		return "", ""
	}
	date = s[:i]
	if len(date) == 9 && date[4] == '-' && strings.Count(date, "-") == 1 { // 2020-0327, a Milesight gateway
		date = date[:7] + "-" + date[7:]
	}
	return strings.ReplaceAll(date, "/", "-"), strings.TrimLeft(s[i+1:], " ")
}

// normalZone writes a zone as Z or an offset with a colon.
func normalZone(zone string) string {
	switch {
	case zone == "" || zone == "UTC" || zone == "GMT":
		return "Z"
	case len(zone) == 5: // +0100
		return zone[:3] + ":" + zone[3:]
	case len(zone) == 3: // +01
		return zone + ":00"
	}
	return zone
}

// padded writes the parts of a date or a time of day with two digits at least.
func padded(text, divider string, parts int) string {
	list := strings.Split(text, divider)
	if len(list) != parts {
		return ""
	}
	for i, part := range list {
		if len(part) == 1 {
			list[i] = "0" + part
		}
	}
	return strings.Join(list, divider)
}

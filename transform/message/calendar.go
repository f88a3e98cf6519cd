package message

import (
	"strconv"
	"strings"
	"time"
)

// maxTimeText bounds what is looked at as a time.
const maxTimeText = 100

// parseCalendar reads a time of the calendar: a date, mostly a time of day, mostly a zone.
func parseCalendar(text string, zone Zone) (time.Time, error) {
	if text == "" || len(text) > maxTimeText {
		return time.Time{}, ErrTime
	}
	for i := range len(text) {
		if text[i] >= 0x80 { // upper case may have another length
			return time.Time{}, ErrTime
		}
	}
	text = withoutComment(text)
	rest, place := cutZone(text)
	c, ok := readClock(rest)
	if !ok {
		return time.Time{}, ErrTime
	}
	switch {
	case place != nil:
	case zone.refuse:
		return time.Time{}, ErrNoZone
	case zone.place != nil:
		place = zone.place
	default:
		place = time.UTC
	}
	return c.in(place)
}

// withoutComment takes off what JavaScript and Java put behind a time: (CET), [Europe/Berlin].
func withoutComment(text string) string {
	for _, pair := range []string{"()", "[]"} {
		if open := strings.IndexByte(text, pair[0]); open > 0 && text[len(text)-1] == pair[1] {
			return strings.TrimSpace(text[:open])
		}
	}
	return text
}

// cutZone cuts the zone off a time; nil where there is none.
func cutZone(text string) (rest string, place *time.Location) {
	upper := strings.ToUpper(text)
	for _, name := range []string{"UTC", "GMT", "UT", "Z"} {
		// C prints the zone before the year: Sat Jan 31 08:30:00 UTC 2026.
		if before, year, ok := strings.Cut(upper, " "+name+" "); ok && len(year) == 4 {
			return text[:len(before)] + " " + year, time.UTC
		}
		if before, ok := strings.CutSuffix(upper, name); ok && before != "" && !letter(before[len(before)-1]) {
			return strings.TrimRight(text[:len(before)], " "), time.UTC
		}
	}
	// A + that nobody has escaped in a URL is a space.
	if at := len(text) - 6; at > 0 && text[at] == ' ' && strings.IndexByte(text[:at], ':') > 0 {
		if place, ok := parseOffset("+" + text[at+1:]); ok {
			return text[:at], place
		}
	}
	sign := strings.LastIndexAny(text, "+-")
	// A sign before the time of day belongs to the date.
	if sign < 0 || !strings.ContainsAny(text[:sign], ":Tt") || strings.IndexByte(text[sign:], ' ') >= 0 {
		return text, nil
	}
	place, ok := parseOffset(text[sign:])
	if !ok {
		return text, nil
	}
	rest = strings.TrimRight(text[:sign], " ")
	for _, name := range []string{"UTC", "GMT"} { // GMT+0100, as JavaScript prints it
		if len(rest) > len(name) && strings.EqualFold(rest[len(rest)-len(name):], name) {
			rest = strings.TrimRight(rest[:len(rest)-len(name)], " ")
		}
	}
	return rest, place
}

func letter(c byte) bool { return IsAlphanumeric(c) && c > '9' }

// parseOffset reads +01:00, +0100 or +01.
func parseOffset(text string) (*time.Location, bool) {
	if len(text) < 3 || text[0] != '+' && text[0] != '-' {
		return nil, false
	}
	digits := text[1:]
	if len(digits) == 5 && digits[2] == ':' {
		digits = digits[:2] + digits[3:]
	}
	if len(digits) == 2 {
		digits += "00"
	}
	if len(digits) != 4 || strings.Trim(digits, "0123456789") != "" {
		return nil, false
	}
	hours, _ := strconv.Atoi(digits[:2]) // they are digits
	minutes, _ := strconv.Atoi(digits[2:])
	if hours > 23 || minutes > 59 {
		return nil, false
	}
	seconds := hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC, true
	}
	return time.FixedZone("", seconds), true
}

// clock is a date and a time of day, wherever that is.
type clock struct {
	year, month, day     int
	hour, minute, second int
	nanos                int
}

// in gives the point in time at a place. A leap second is the second after it (RFC 3339
// section 5.6), and 24:00 the midnight after.
func (c *clock) in(place *time.Location) (time.Time, error) {
	leap := 0
	if c.second == 60 {
		c.second, c.nanos, leap = 59, 0, 1
	}
	if c.hour > 24 || c.minute > 59 || c.second > 59 || c.hour == 24 && (c.minute > 0 || c.second > 0) {
		return time.Time{}, ErrTime
	}
	date := time.Date(c.year, time.Month(c.month), c.day, 0, 0, 0, 0, time.UTC)
	if date.Year() != c.year || int(date.Month()) != c.month || date.Day() != c.day {
		return time.Time{}, ErrTime
	}
	t := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second+leap, c.nanos, place)
	return InRange(t.UTC())
}

// readClock reads a date and a time of day, in digits or with the name of the month.
func readClock(text string) (clock, bool) {
	if c, ok := readDigits(text); ok {
		return c, true
	}
	for _, layout := range []string{
		"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04", "2 Jan 2006 15:04", // RFC 1123, mail
		"Monday, 2-Jan-06 15:04:05", "Mon, 2-Jan-2006 15:04:05", "2-Jan-2006 15:04:05", // RFC 850, cookies
		"Mon Jan _2 15:04:05 2006", "Mon Jan 2 2006 15:04:05", // C, JavaScript
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return clock{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond()}, true
		}
	}
	return clock{}, false
}

// readDigits reads a date and a time of day in digits, the year first. Separators may be
// missing where numbers have their full width.
func readDigits(text string) (clock, bool) {
	r := digitReader{text: text}
	var c clock
	c.year = r.number(4, 4)
	split := r.skip("-/.")
	c.month = r.number(minWidth(split), 2)
	split = r.skip("-/.") && split
	c.day = r.number(minWidth(split), 2)
	if r.failed || c.month == 0 || c.day == 0 {
		return c, false
	}
	if r.text == "" {
		return c, true
	}
	if !r.skip("Tt _+") { // a form has + for a space
		return c, false
	}
	r.text = strings.TrimLeft(r.text, " ")
	c.hour = r.number(1, 2)
	r.colon()
	c.minute = r.number(1, 2)
	if r.text != "" && !r.failed {
		r.colon()
		c.second = r.number(1, 2)
		c.nanos = r.fraction()
	}
	return c, !r.failed && r.text == ""
}

// minWidth gives the digits that a number of two has at least: fewer where something stands around it.
func minWidth(split bool) int {
	if split {
		return 1
	}
	return 2
}

// digitReader reads numbers off a text.
type digitReader struct {
	text   string
	failed bool
}

func (r *digitReader) number(minDigits, maxDigits int) int {
	n, value := 0, 0
	for n < len(r.text) && n < maxDigits && '0' <= r.text[n] && r.text[n] <= '9' {
		value = value*10 + int(r.text[n]-'0')
		n++
	}
	r.failed = r.failed || n < minDigits
	r.text = r.text[n:]
	return value
}

func (r *digitReader) skip(signs string) bool {
	if r.text == "" || strings.IndexByte(signs, r.text[0]) < 0 {
		return false
	}
	r.text = r.text[1:]
	return true
}

// colon reads the colon of a time of day, and the spaces that some put behind it.
func (r *digitReader) colon() {
	if r.skip(":") {
		r.text = strings.TrimLeft(r.text, " ")
	}
}

// fraction reads the fraction of a second, to the nanosecond.
func (r *digitReader) fraction() int {
	if !r.skip(".,") {
		return 0
	}
	digits := r.text
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			digits = digits[:i]
			break
		}
	}
	if digits == "" {
		r.failed = true
		return 0
	}
	r.text = r.text[len(digits):]
	nanos, _ := strconv.Atoi((digits + "000000000")[:9]) // they are digits
	return nanos
}

package datetime

import (
	"fmt"
	"strings"
	"time"

	"mayfly/transform/message"
)

// Pattern says what a text of a time leaves open.
type Pattern struct {
	dayFirst, monthFirst bool // neither: the year is first
	shortYear            bool // two digits
	halfDay              bool // 12 hours, with AM or PM
}

// Words are those that a pattern is made of, for documentation and errors.
const Words = "2-digit-year, day-first, month-first, 12-hour"

// ParsePattern reads the words of a pattern, divided by spaces or commas, as in "day-first 12-hour".
func ParsePattern(text string) (Pattern, error) {
	var p Pattern
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' })
	for _, word := range words {
		switch strings.ToLower(word) {
		case "2-digit-year":
			p.shortYear = true
		case "day-first":
			p.dayFirst = true
		case "month-first":
			p.monthFirst = true
		case "12-hour":
			p.halfDay = true
		default:
			return p, fmt.Errorf("%s is not a unit or a pattern of times; want s, ms, us, ns, or of %s",
				message.Quote(word), Words)
		}
	}
	switch {
	case len(words) == 0:
		return p, fmt.Errorf("a pattern of times has no words; want one or several of %s", Words)
	case p.dayFirst && p.monthFirst:
		return p, fmt.Errorf("a time has either its day or its month first")
	}
	return p, nil
}

// maxText bounds what is looked at.
const maxText = 100

// Read reads a time. What is not of the pattern, and can be told without one, is read as message.ParseTime does: an
// epoch, RFC 3339. Without a zone it is one of zone. The result is in UTC; the error is message.ErrTime or ErrNoZone.
func (p Pattern) Read(text string, zone message.Zone) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxText {
		return time.Time{}, message.ErrTime
	}
	r := reader{text: text, pattern: p}
	if r.date() && r.clock() {
		return message.ParseTime(r.normal(), zone)
	}
	if r.ambiguous() {
		return time.Time{}, message.ErrTime
	}
	return message.ParseTime(text, zone)
}

// reader takes a time apart, from its front.
type reader struct {
	text    string
	pattern Pattern

	year, month, day int
	hour             int
	rest             string // minutes, seconds and what is behind them, as in :26:53.5
	zone             string
	digits           int // of the text, where it has nothing else
}

// ambiguous reports whether a text that is not of the pattern must not be read without it: a time of 12 hours, and
// digits alone that may be a date.
func (r *reader) ambiguous() bool {
	switch {
	case r.digits > 0:
		return r.digits == 6 || r.digits == 8 || r.digits == 12 || r.digits == 14
	case r.pattern.halfDay:
		return true
	}
	return false
}

// normal writes the time as RFC 3339 does, with the zone as it came.
func (r *reader) normal() string {
	return fmt.Sprintf("%04d-%02d-%02dT%02d%s%s", r.year, r.month, r.day, r.hour, r.rest, r.zone)
}

package datetime

import "strings"

// clock reads the time of day that is left of the text, if there is one.
func (r *reader) clock() bool {
	text := r.text
	if text != "" && strings.IndexByte("Tt_,+ ", text[0]) >= 0 {
		text = text[1:]
	}
	text = strings.TrimLeft(text, " ")
	if text == "" {
		r.rest = ":00:00"
		return !r.pattern.halfDay // which is about a time of day
	}
	width := digitsOf(text)
	if width == 4 || width == 6 { // 0926, 092653
		text = text[:2] + ":" + text[2:4] + colon(text[4:width]) + text[width:]
		width = 2
	}
	if width < 1 || width > 2 {
		return false
	}
	for _, c := range text[:width] {
		r.hour = r.hour*10 + int(c-'0')
	}
	r.rest, text = minutes(text[width:])
	return r.half(text)
}

func digitsOf(text string) int { return len(text) - len(strings.TrimLeft(text, "0123456789")) }

func colon(seconds string) string {
	if seconds == "" {
		return ""
	}
	return ":" + seconds
}

// minutes cuts minutes, seconds and fraction off.
func minutes(text string) (clock, rest string) {
	n := 0
	for n < len(text) && (strings.IndexByte(":.,", text[n]) >= 0 || '0' <= text[n] && text[n] <= '9') {
		if text[n] != ':' && n == 0 || n+1 < len(text) && text[n] == '.' && digitsOf(text[n+1:]) == 0 {
			break
		}
		n++
	}
	if clock = text[:n]; clock == "" {
		clock = ":00"
	}
	return clock, text[n:]
}

// half reads what tells the halves of the day apart, and the zone behind it.
func (r *reader) half(text string) bool {
	text = strings.TrimLeft(text, " ")
	lower := strings.ToLower(text)
	for _, mark := range []struct {
		text  string
		hours int
	}{{"am", 0}, {"a.m.", 0}, {"pm", 12}, {"p.m.", 12}} {
		rest, ok := strings.CutPrefix(lower, mark.text)
		if !ok || rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
			continue
		}
		if r.hour < 1 || r.hour > 12 {
			return false
		}
		r.hour = r.hour%12 + mark.hours
		r.zone = strings.TrimLeft(text[len(mark.text):], " ")
		return true
	}
	r.zone = text
	return !r.pattern.halfDay
}

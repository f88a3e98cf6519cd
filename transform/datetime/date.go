package datetime

import (
	"slices"
	"strings"
)

// months are the first three letters of their English names.
const months = "jan feb mar apr may jun jul aug sep oct nov dec "

// monthOf returns the number of a month by its name; 0 where it is not one.
func monthOf(name string) int {
	at := strings.Index(months, strings.ToLower(name[:3])+" ")
	if at < 0 {
		return 0
	}
	return at/4 + 1
}

// weekdays by the first three letters of their English names.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// pivot divides years of two digits: from there on they are of the last century, as POSIX has it (strptime, %y).
const pivot = 69

// field is a part of a date.
type field struct {
	value, width int
	name         bool // it is the name of a month
}

// date reads the date at the front of the text, and takes it off.
func (r *reader) date() bool {
	if digits := len(r.text) - len(strings.TrimLeft(r.text, "0123456789")); digits >= 6 {
		if digits == len(r.text) {
			r.digits = digits
		}
		return r.compact(digits)
	}
	var fields [3]field
	for i := range fields {
		if i > 0 && !r.separator() {
			return false
		}
		var ok bool
		if fields[i], ok = r.field(); !ok {
			if i > 0 || !r.weekday() {
				return false
			}
			if fields[i], ok = r.field(); !ok {
				return false
			}
		}
	}
	return r.assign(fields)
}

// field reads a number, or the name of a month.
func (r *reader) field() (f field, ok bool) {
	for f.width < len(r.text) && f.width < 5 && '0' <= r.text[f.width] && r.text[f.width] <= '9' {
		f.value = f.value*10 + int(r.text[f.width]-'0')
		f.width++
	}
	if f.width == 0 {
		name := r.letters()
		if len(name) < 3 {
			return f, false
		}
		f.value, f.name = monthOf(name), true
		f.width = len(name)
		if f.value == 0 {
			return f, false
		}
	}
	r.text = r.text[f.width:]
	return f, f.name || f.width <= 4
}

// letters returns the letters at the front.
func (r *reader) letters() string {
	n := 0
	for n < len(r.text) && (r.text[n]|0x20) >= 'a' && (r.text[n]|0x20) <= 'z' {
		n++
	}
	return r.text[:n]
}

// weekday takes the name of a weekday off, and what divides it from the date.
func (r *reader) weekday() bool {
	name := r.letters()
	if len(name) < 3 || !slices.Contains(weekdays, strings.ToLower(name[:3])) {
		return false
	}
	r.text = strings.TrimLeft(r.text[len(name):], " ,.")
	return true
}

// separator takes off what divides two parts of a date.
func (r *reader) separator() bool {
	before := len(r.text)
	r.text = strings.TrimLeft(r.text, " ,")
	if r.text != "" && strings.IndexByte("-/.", r.text[0]) >= 0 {
		r.text = strings.TrimLeft(r.text[1:], " ")
	}
	return len(r.text) < before
}

// assign finds out which field is what.
func (r *reader) assign(f [3]field) bool {
	year, month, day := f[0], f[1], f[2]
	switch {
	case f[0].name: // March 14, 2026
		month, day, year = f[0], f[1], f[2]
	case f[1].name && f[0].width <= 2 && (f[2].width == 4 || !r.pattern.yearFirst()): // 14 March 2026
		day, year = f[0], f[2]
	case r.pattern.dayFirst:
		day, month, year = f[0], f[1], f[2]
	case r.pattern.monthFirst:
		month, day, year = f[0], f[1], f[2]
	}
	return r.set(year, month, day)
}

// yearFirst reports whether the pattern says nothing else.
func (p Pattern) yearFirst() bool { return !p.dayFirst && !p.monthFirst }

func (r *reader) set(year, month, day field) bool {
	if year.name || day.name || month.width > 2 && !month.name || day.width > 2 {
		return false
	}
	switch year.width {
	case 4:
	case 2:
		if !r.pattern.shortYear {
			return false
		}
		year.value += 2000
		if year.value >= 2000+pivot {
			year.value -= 100
		}
	default:
		return false
	}
	r.year, r.month, r.day = year.value, month.value, day.value
	return true
}

// compact reads a date without separators: of 6 digits, or of 8 with the whole year. A time of day may follow at once.
func (r *reader) compact(digits int) bool {
	width := 8
	if r.pattern.shortYear {
		width = 6
	}
	withMinutes := digits == width+4 && width == 8 // with a short year it is as long as an epoch
	if digits != width && digits != width+6 && !withMinutes {
		return false
	}
	year := width - 4
	at := func(from, n int) field {
		value := 0
		for _, c := range r.text[from : from+n] {
			value = value*10 + int(c-'0')
		}
		return field{value: value, width: n}
	}
	var ok bool
	switch {
	case r.pattern.dayFirst:
		ok = r.set(at(4, year), at(2, 2), at(0, 2))
	case r.pattern.monthFirst:
		ok = r.set(at(4, year), at(0, 2), at(2, 2))
	default:
		ok = r.set(at(0, year), at(year, 2), at(year+2, 2))
	}
	r.text = r.text[width:]
	return ok
}

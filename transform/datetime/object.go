package datetime

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mayfly/transform/message"
)

// Object reads a time that is an object: of the calendar, {"year", "month", "day", "hour", "minute", "second"}, where
// parts below a day may be missing and date and time may be objects of their own; or since 1970, {"seconds", "nanos"},
// as Protocol Buffers write it; or {"$date"} of MongoDB. Names may be plural. The error is message.ErrTime or ErrNoZone.
func Object(object map[string]any, zone message.Zone) (time.Time, error) {
	parts := map[string]any{}
	collect(parts, object)
	if date, ok := parts["$date"]; ok {
		return date1970(date, zone)
	}
	_, hasYear := parts["year"]
	if _, ok := parts["second"]; ok && !hasYear {
		return since1970(parts)
	}
	return calendar(parts, zone)
}

// partOf returns the part that a name is for, in small letters and singular; empty where there is none.
func partOf(name string) string {
	switch name {
	case "year", "month", "day", "hour", "minute", "second", "$date":
		return name
	case "dayofmonth":
		return "day"
	case "min":
		return "minute"
	case "sec":
		return "second"
	case "millisecond", "milli", "ms":
		return "milli"
	case "microsecond", "micro":
		return "micro"
	case "nanosecond", "nano":
		return "nano"
	case "offset", "utcoffset", "timezone", "zone", "tz":
		return "zone"
	}
	return ""
}

// collect notes the parts of an object, and of the objects date and time inside of it.
func collect(parts map[string]any, object map[string]any) {
	for name, value := range object {
		if inner, ok := value.(map[string]any); ok && (name == "date" || name == "time") {
			collect(parts, inner)
			continue
		}
		if value == nil {
			continue
		}
		folded := strings.ToLower(strings.Trim(name, "_"))
		part := partOf(folded)
		if part == "" {
			part = partOf(strings.TrimSuffix(folded, "s"))
		}
		if part != "" {
			parts[part] = value
		}
	}
}

// date1970 reads what MongoDB's extended JSON has for a date: milliseconds, or RFC 3339.
func date1970(value any, zone message.Zone) (time.Time, error) {
	if inner, ok := value.(map[string]any); ok {
		value = inner["$numberLong"]
	}
	text, ok := message.ScalarText(value)
	if !ok {
		return time.Time{}, message.ErrTime
	}
	if t, err := message.ParseEpoch(text, "ms"); err == nil {
		return t, nil
	}
	return message.ParseTime(text, zone)
}

// since1970 reads seconds with their fraction beside them.
func since1970(parts map[string]any) (time.Time, error) {
	seconds, ok := message.ScalarText(parts["second"])
	nanos, known := fraction(parts)
	if !ok || !known {
		return time.Time{}, message.ErrTime
	}
	if nanos > 0 {
		seconds += fmt.Sprintf(".%09d", nanos)
	}
	return message.ParseEpoch(seconds, "s")
}

// calendar reads a date and a time of day.
func calendar(parts map[string]any, zone message.Zone) (time.Time, error) {
	var numbers [5]int
	for i, name := range []string{"year", "month", "day", "hour", "minute"} {
		value, has := parts[name]
		n, ok := whole(value)
		if has && !ok || !has && i < 3 || n < 0 || n > 9999 || i > 0 && n > 99 {
			return time.Time{}, message.ErrTime
		}
		numbers[i] = n
	}
	second, behind := "00", ""
	if value, has := parts["second"]; has {
		text, ok := message.ScalarText(value)
		if second, behind, _ = strings.Cut(text, "."); !ok || len(second) > 2 {
			return time.Time{}, message.ErrTime
		}
	}
	nanos, known := fraction(parts)
	switch {
	case !known || behind != "" && nanos > 0:
		return time.Time{}, message.ErrTime
	case nanos > 0:
		behind = fmt.Sprintf("%09d", nanos)
	}
	if behind != "" {
		behind = "." + behind
	}
	place, ok := "", true
	if value, has := parts["zone"]; has {
		place, ok = value.(string)
	}
	if !ok {
		return time.Time{}, message.ErrTime
	}
	return message.ParseTime(fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%s%s%s",
		numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], second, behind, place), zone)
}

// fraction returns the nanoseconds of what is below a second.
func fraction(parts map[string]any) (nanos int, ok bool) {
	for _, unit := range []struct {
		name  string
		nanos int
	}{{"milli", 1e6}, {"micro", 1e3}, {"nano", 1}} {
		value, has := parts[unit.name]
		n, isWhole := whole(value)
		if has && !isWhole {
			return 0, false
		}
		nanos += n * unit.nanos
		if n < 0 || n >= 1e9 || nanos >= 1e9 {
			return 0, false
		}
	}
	return nanos, true
}

// whole returns an integer that is a number or a text.
func whole(value any) (int, bool) {
	text, ok := message.ScalarText(value)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(text), ".0"))
	return n, err == nil
}

package transform

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

var errTime = errors.New("want RFC 3339, as in 2026-01-31T08:30:00Z, or seconds or milliseconds since 1970")

// secondsEnd divides epoch seconds from milliseconds: it is the year 5138 in
// the one and 1973 in the other.
const secondsEnd = 1e11

// parseTime reads RFC 3339, or a number of seconds or milliseconds since 1970.
func parseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return epoch(n)
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
		return time.Time{}, errTime
	}
	if leap {
		t = t.Add(time.Second).Truncate(time.Second)
	}
	return inRange(t.UTC())
}

func epoch(n float64) (time.Time, error) {
	if !(n >= 0) || math.IsInf(n, 0) {
		return time.Time{}, errTime
	}
	if n < secondsEnd {
		whole, fraction := math.Modf(n)
		// A float64 of this size holds microseconds and no more.
		return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000).UTC(), nil
	}
	if n > 9e17 {
		return time.Time{}, errTime
	}
	whole, fraction := math.Modf(n)
	return inRange(time.UnixMilli(int64(whole)).Add(time.Duration(math.Round(fraction*1e3)) * time.Microsecond).UTC())
}

// inRange refuses years that RFC 3339 cannot write.
func inRange(t time.Time) (time.Time, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}, errTime
	}
	return t, nil
}

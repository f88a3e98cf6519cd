package mapping

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"mayfly/internal/lazyregexp"
	"mayfly/transform/message"
)

// siUnit gives the SI value of a number in a unit, and the unit that it is then
// in. Pressure is in hPa, speed in m/s, rain in mm: what meteorology uses.
func siUnit(n float64, unit string) (float64, string, bool) {
	switch strings.ToLower(unit) {
	case "f", "degf", "°f":
		return (n - 32) / 1.8, "c", true
	case "inhg":
		return n * 33.8638866667, "hpa", true
	case "in":
		return n * 25.4, "mm", true
	case "mph":
		return n * 0.44704, "ms", true
	case "kn", "kt", "knots":
		return n * 1852 / 3600, "ms", true
	case "km/h", "kmh":
		return n / 3.6, "ms", true
	case "ft":
		return n * 0.3048, "m", true
	case "mi", "miles":
		return n * 1609.344, "m", true
	case "psi":
		return n * 68.9475729318, "hpa", true
	case "gal":
		return n * 3.785411784, "l", true
	case "lb":
		return n * 0.45359237, "kg", true
	}
	return 0, "", false
}

// siNumber is si(UNIT) of the expressions, over a number.
func siNumber(in any, args []any) (any, error) {
	unit, _ := args[0].(string)
	if in == nil {
		return nil, nil
	}
	n, ok := floatOf(NumberOf(in))
	if !ok {
		return nil, fmt.Errorf("wants a number, not %s", message.TypeName(in))
	}
	value, _, ok := siUnit(n, unit)
	if !ok {
		return nil, fmt.Errorf("does not know the unit %s", message.Quote(unit))
	}
	return rounded(value), nil
}

// imperialNames are the names of the readings of Ecowitt and Weather Underground
// stations that tell an imperial unit, and how the unit stands in them. Piezo
// rain, the day's strongest gust and the vapour pressure deficit have a unit that
// the name does not tell.
var imperialNames = []struct {
	name       func() *regexp.Regexp
	unit, from string
}{
	{lazyregexp.New(`(?i)^(.*temp\w*|dewpt\d*|dewpoint\d*|windchill|heatindex|feelslike)f$`), "f", "f"},
	{lazyregexp.New(`^tf_ch\d+$`), "f", "f"},
	{lazyregexp.New(`(?i)^(abs|rel)?barom\w*in$`), "inhg", "in"},
	{lazyregexp.New(`(?i)^\w*rain\w*in$|^rainin$`), "in", "in"},
	{lazyregexp.New(`(?i)mph`), "mph", "mph"},
	{lazyregexp.New(`^[a-z0-9]+rain_piezo$`), "in", ""},
	{lazyregexp.New(`^maxdailygust$`), "mph", ""},
	{lazyregexp.New(`^vpd$`), "inhg", ""},
}

// siReadings is si of the expressions, over the readings of a weather station:
// what has an imperial unit is converted, and its name tells the new unit.
func siReadings(in any, _ []any) (any, error) {
	if object, ok := in.(map[string]any); ok {
		return SIObject(object), nil
	}
	return in, nil
}

// SIObject is siReadings for an object.
func SIObject(object map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for name, value := range object {
		name, value := siReading(name, value)
		out[name] = value
	}
	return out
}

func siReading(name string, value any) (string, any) {
	n, ok := floatOf(value)
	if !ok {
		return name, value
	}
	for _, rule := range imperialNames {
		if !rule.name().MatchString(name) {
			continue
		}
		converted, unit, _ := siUnit(n, rule.unit)
		if rule.from != "" {
			at := strings.LastIndex(lowerASCII(name), rule.from)
			if strings.HasPrefix(name, "tf_") {
				at = 1
			}
			if at < 0 {
				return name, value // it matches by letters that only fold to ours
			}
			name = name[:at] + unit + name[at+len(rule.from):]
		}
		return name, rounded(converted)
	}
	return name, value
}

// lowerASCII keeps every byte in its place; strings.ToLower does not where a text
// is not UTF-8, or a letter's lower case is longer.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// rounded takes the digits away that no station measures.
func rounded(n float64) float64 { return math.Round(n*1000) / 1000 }

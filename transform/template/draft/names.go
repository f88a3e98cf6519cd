package draft

import (
	"slices"
	"strings"

	"mayfly/transform/template/convert"
	"mayfly/transform/template/dtdl"
)

// names returns the name of each member in the model, or "" where it has none. A
// name that DTDL does not allow is replaced by one that differs in its form only,
// so that the policy "require" knows the member again.
func (d *drafter) names(members []*member, path string) []string {
	names := make([]string, len(members))
	claims := map[string]int{} // by folded name
	for _, m := range members {
		claims[convert.Fold(m.name)]++
	}
	for i, m := range members {
		switch {
		case allowed(m.name):
			names[i] = m.name
		case claims[convert.Fold(m.name)] > 1:
			d.omit(join(path, convert.Shown(m.name)), "DTDL does not allow the name, and another one is like it")
		default:
			if names[i] = plainName(m.name); names[i] == "" {
				d.omit(join(path, convert.Shown(m.name)),
					"DTDL does not allow the name; want letters, digits and _, a letter first")
			}
		}
	}
	return names
}

func allowed(name string) bool {
	return dtdl.ValidName(name) && len(name) <= maxName && !strings.HasSuffix(name, "_")
}

// plainName writes a name with "_" for what DTDL does not allow, if only "-", "."
// and spaces have to go.
func plainName(name string) string {
	words := strings.FieldsFunc(name, divides)
	plain := strings.Join(words, "_")
	if !allowed(plain) {
		return ""
	}
	return plain
}

// measure is a quantity with its unit.
type measure struct{ kind, unit string }

// The measures whose units have several names.
var (
	celsius    = measure{"Temperature", "degreeCelsius"}
	fahrenheit = measure{"Temperature", "degreeFahrenheit"}
	kelvin     = measure{"Temperature", "kelvin"}
	volt       = measure{"Voltage", "volt"}
	millivolt  = measure{"Voltage", "millivolt"}
	millibar   = measure{"Pressure", "millibar"} // a hectopascal is one
	lux        = measure{"Illuminance", "lux"}
	percent    = measure{"RelativeHumidity", "percent"}
	kmh        = measure{"Velocity", "kilometrePerHour"}
)

// units are what the last word of a name says about the unit of the word before it.
// DTDL 2 wants a unit with each semantic type, so a name without one has neither
// (DTDL.v2.md, "Semantic types").
var units = map[string]map[string]measure{
	"temperature": {
		"c": celsius, "celsius": celsius, "degc": celsius, "f": fahrenheit, "fahrenheit": fahrenheit, "degf": fahrenheit,
		"k": kelvin, "kelvin": kelvin,
	},
	"voltage": {"v": volt, "volt": volt, "volts": volt, "mv": millivolt, "millivolt": millivolt, "millivolts": millivolt},
	"pressure": {
		"pa": {"Pressure", "pascal"}, "kpa": {"Pressure", "kilopascal"}, "hpa": millibar, "mbar": millibar,
		"bar": {"Pressure", "bar"}, "psi": {"Pressure", "poundPerSquareInch"},
	},
	"humidity":    {"percent": percent, "pct": percent},
	"illuminance": {"lux": lux, "lx": lux},
	"frequency":   {"hz": {"Frequency", "hertz"}, "khz": {"Frequency", "kilohertz"}, "mhz": {"Frequency", "megahertz"}},
	"current":     {"ma": {"Current", "milliampere"}},
	"power":       {"w": {"Power", "watt"}, "kw": {"Power", "kilowatt"}},
	"energy":      {"kwh": {"Energy", "kilowattHour"}},
	"speed":       {"kmh": kmh, "kph": kmh, "mph": {"Velocity", "milePerHour"}},
}

func init() { units["temp"] = units["temperature"] }

// meaning returns the semantic type and the unit that the name of a member leaves
// no doubt about.
func meaning(name string, members []*member) (kind, unit string) {
	words := split(name)
	last := len(words) - 1
	if last < 1 {
		return "", ""
	}
	m, ok := units[words[last-1]][words[last]]
	if !ok || len(words[last]) == 1 && lettered(words, members) {
		return "", ""
	}
	return m.kind, m.unit
}

// lettered reports whether the last word of a name is a letter that numbers things,
// as in temperature_a, temperature_b, temperature_c.
func lettered(words []string, members []*member) bool {
	last := len(words) - 1
	for _, m := range members {
		other := split(m.name)
		if len(other) != len(words) || len(other[last]) != 1 || !slices.Equal(other[:last], words[:last]) {
			continue
		}
		if _, unit := units[words[last-1]][other[last]]; !unit {
			return true
		}
	}
	return false
}

// split returns the words of a name, in lower case: batteryVoltage_mV is battery,
// voltage and mv.
func split(name string) []string {
	var words []string
	for _, part := range strings.FieldsFunc(name, divides) {
		start := 0
		for i := 1; i < len(part); i++ {
			if lower(part[i-1]) && !lower(part[i]) && upper(part[i]) {
				words = append(words, strings.ToLower(part[start:i]))
				start = i
			}
		}
		words = append(words, strings.ToLower(part[start:]))
	}
	return words
}

func divides(c rune) bool { return c == '-' || c == '.' || c == ' ' || c == '_' }

func lower(c byte) bool { return 'a' <= c && c <= 'z' }

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }

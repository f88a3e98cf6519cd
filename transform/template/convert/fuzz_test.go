package convert_test

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/transform/message"
	"mayfly/transform/template/convert"
	"mayfly/transform/template/dtdl"
)

var (
	integerEnum = &dtdl.Schema{Kind: dtdl.Enum, Integer: true, Values: []dtdl.EnumValue{
		{Name: "off", Display: []string{"Aus", "Switched off"}, Value: "0"},
		{Name: "on", Display: []string{"An"}, Value: "1"},
		{Name: "fault", Value: "-7"},
	}}
	stringEnum = &dtdl.Schema{Kind: dtdl.Enum, Values: []dtdl.EnumValue{
		{Name: "low", Display: []string{"Niedrig"}, Value: "LOW"}, {Name: "high", Value: "1"},
	}}
)

// schemas are those that the fuzzer picks from.
func schemas() []*dtdl.Schema {
	list := []*dtdl.Schema{integerEnum, stringEnum}
	for kind := dtdl.Boolean; kind < dtdl.Array; kind++ {
		list = append(list, &dtdl.Schema{Kind: kind})
	}
	fields := make([]dtdl.Field, 0, len(list))
	for i, s := range list {
		fields = append(fields, dtdl.Field{Name: "field" + string(rune('A'+i)), Schema: s, Required: i%9 == 0})
	}
	for _, s := range list {
		list = append(list, &dtdl.Schema{Kind: dtdl.Array, Element: s}, &dtdl.Schema{Kind: dtdl.Map, Element: s})
	}
	return append(list, &dtdl.Schema{Kind: dtdl.Object, Fields: fields, Required: true})
}

// FuzzValue: whatever a value is changed to is JSON, fits, stays as it is from
// then on, and means what it meant before.
func FuzzValue(f *testing.F) {
	list := schemas()
	for i := range list {
		for _, raw := range []string{
			`21.50`, `"021.5e1"`, `1700000000123`, `"2026/1/31 8:30:00,5+0100"`, `{"latitude":"47.1","Lon":8.50}`,
			`[8.5,47.1]`, `"47.1, 8.5,3"`, `{"type":"Point","coordinates":[8.5,47.1]}`, `"ON"`, `"Switched OFF"`, `-7.0`,
			`"pt1,5S"`, `" 2026/1/31"`, `"t8:30:00,5+01"`, `"Sat, 31 Jan 2026 08:30:00 GMT"`, `-1700000000123.25`,
			`{"type":"point","coordinates":["8.5",47.1]}`, `[1,"2.50",{}]`, `{"Field-A":"1","field_c":"on"}`,
		} {
			f.Add(uint8(i), []byte(raw))
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, raw []byte) {
		if !json.Valid(raw) || len(raw) > 2000 || strings.TrimSpace(string(raw)) != string(raw) {
			return
		}
		s := list[int(i)%len(list)]
		var w convert.Walk
		out := w.Value(s, raw)
		if out == nil {
			return
		}
		if !json.Valid(out) {
			t.Fatalf("%s became %s, which is not JSON", raw, out)
		}
		var again convert.Walk
		if more := again.Value(s, out); more != nil || again.Changes.Len() > 0 {
			t.Fatalf("%s became %s and then %s", raw, out, more)
		}
		if found(&w) == w.Changes.Len() && found(&again) > 0 {
			t.Fatalf("%s became %s, which does not fit: %+v", raw, out, again)
		}
		same(t, s, decode(t, raw), decode(t, out))
	})
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// same fails unless two values mean the same to a schema. It goes its own way to
// find that out.
func same(t *testing.T, s *dtdl.Schema, before, after any) {
	t.Helper()
	ok := false
	switch s.Kind {
	case dtdl.Boolean:
		words := map[bool]string{true: " true on yes 1 ", false: " false off no 0 "}[after.(bool)]
		ok = strings.Contains(words, " "+truth(before)+" ")
	case dtdl.DateTime:
		ok = sameTime(before, after.(string))
	case dtdl.Duration:
		text, _ := before.(string)
		ok = equal(before, strings.Trim(after.(string), "PTS")) ||
			strings.EqualFold(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), after.(string))
	case dtdl.Date, dtdl.Time:
		ok = sameNumbers(before.(string), after.(string))
	case dtdl.Enum:
		ok = sameEnum(s, before, after)
	case dtdl.Geopoint, dtdl.Point:
		ok = samePlace(before, after)
	case dtdl.Vector:
		ok = sameMembers(before, after, alike)
	case dtdl.Array:
		a, b := before.([]any), after.([]any)
		for i := range a {
			sameOrKept(t, s.Element, a[i], b[i])
		}
		ok = len(a) == len(b)
	case dtdl.Map, dtdl.Object:
		a, b := folded(before), folded(after)
		for name := range a {
			element := s.Element
			for _, f := range s.Fields {
				if convert.Fold(f.Name) == name {
					element = f.Schema
				}
			}
			if element != nil {
				sameOrKept(t, element, a[name], b[name])
			}
		}
		ok = len(a) == len(b)
	default:
		ok = equal(before, after)
	}
	if !ok {
		t.Fatalf("%s: %#v became %#v", s.Kind, before, after)
	}
}

func sameOrKept(t *testing.T, s *dtdl.Schema, before, after any) {
	t.Helper()
	a, _ := json.Marshal(before)
	b, _ := json.Marshal(after)
	if string(a) != string(b) {
		same(t, s, before, after)
	}
}

// folded returns the members by folded names; of two that are alike, none.
func folded(v any) map[string]any {
	out := map[string]any{}
	twice := map[string]bool{}
	for name, value := range v.(map[string]any) {
		name = convert.Fold(name)
		if _, there := out[name]; there {
			twice[name] = true
		}
		out[name] = value
	}
	for name := range twice {
		out[name] = nil
	}
	return out
}

func sameMembers(before, after any, is func(a, b any) bool) bool {
	a, b := folded(before), folded(after)
	for name := range a {
		if !is(a[name], b[name]) {
			return false
		}
	}
	return len(a) == len(b)
}

// alike reports whether two values are the same number, or the same JSON.
func alike(a, b any) bool {
	return equal(a, b) || string(must(json.Marshal(a))) == string(must(json.Marshal(b)))
}

// rational returns the number that a value is or holds.
func rational(v any) *big.Rat {
	text := ""
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	}
	if !regexp.MustCompile(`^[-+.0-9eE]+$`).MatchString(text) {
		return nil
	}
	if mantissa, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		n, err := strconv.Atoi(exponent)
		if strings.Trim(mantissa, "-+.0") == "" {
			n, err = 0, nil
		}
		if err != nil || n > 5000 || n < -5000 {
			return nil
		}
		text = mantissa + "e" + strconv.Itoa(n)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return r
}

func equal(a, b any) bool {
	x, y := rational(a), rational(b)
	return x != nil && y != nil && x.Cmp(y) == 0
}

func truth(v any) string {
	if r := rational(v); r != nil && r.IsInt() {
		return r.Num().String()
	}
	text, _ := v.(string)
	return strings.ToLower(strings.TrimSpace(text))
}

var digits = regexp.MustCompile(`[0-9]+`)

// sameNumbers compares the numbers of two texts; the second may have a zone and zeros besides.
func sameNumbers(before, after string) bool {
	a, b := digits.FindAllString(before, -1), digits.FindAllString(after, -1)
	for i := range b {
		if i < len(a) && i < 3 && strings.TrimLeft(a[i], "0") != strings.TrimLeft(b[i], "0") ||
			i >= len(a) && strings.Trim(b[i], "0") != "" {
			return false
		}
	}
	return len(a) > 1
}

// sameTime compares an epoch with a time, or the numbers of two texts in their order.
func sameTime(before any, after string) bool {
	parsed, err := time.Parse(time.RFC3339, after)
	if err != nil {
		return false
	}
	if r := rational(before); r != nil {
		unit := big.NewRat(1, 1)
		size := new(big.Rat).Abs(r)
		for _, end := range []int64{1e11, 1e14, 1e17} {
			if size.Cmp(new(big.Rat).SetInt64(end)) >= 0 {
				unit.Mul(unit, big.NewRat(1, 1000))
			}
		}
		fraction := "0." + strings.TrimSuffix(strings.TrimLeft(after[19:], "."), "Z")
		seconds, ok := new(big.Rat).SetString(fraction + "0")
		seconds.Add(seconds, new(big.Rat).SetInt64(parsed.Unix()))
		return ok && seconds.Cmp(r.Mul(r, unit)) == 0
	}
	if want, err := message.ParseTime(before.(string), message.Zone{}); err == nil {
		return parsed.Equal(want)
	}
	text := regexp.MustCompile(`^(\s*[0-9]{4})-([0-9]{2})([0-9]{2})\b`).ReplaceAllString(before.(string), "$1-$2-$3")
	numbers := func(text string) string {
		list := digits.FindAllString(text, -1)
		for i, n := range list {
			if i < 6 {
				list[i] = strings.TrimLeft(n, "0")
			}
		}
		return strings.TrimRight(strings.Join(list, " "), " 0")
	}
	want, got := numbers(after), numbers(text)
	// The zone may be written as one number, or not at all; the date without a dash.
	return strings.ReplaceAll(want, " ", "") == strings.ReplaceAll(got, " ", "")
}

func sameEnum(s *dtdl.Schema, before, after any) bool {
	for _, v := range s.Values {
		if v.JSON(s.Integer) != string(must(json.Marshal(after))) {
			continue
		}
		if s.Integer && equal(before, v.Value) {
			return true
		}
		text, ok := before.(string)
		for _, name := range append([]string{v.Name, v.Value}, v.Display...) {
			if ok && strings.EqualFold(strings.TrimSpace(text), name) {
				return true
			}
		}
	}
	return false
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// samePlace compares longitude, latitude and altitude.
func samePlace(before, after any) bool {
	a, b := place(before), place(after)
	if len(a) < 2 {
		// An object that has some of it only, or something else besides.
		return sameMembers(renamed(before), renamed(after), alike)
	}
	for i := range a {
		if i >= len(b) || !equal(a[i], b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

var aliases = map[string]string{"latitude": "lat", "longitude": "lon", "lng": "lon", "long": "lon", "altitude": "alt"}

// renamed returns the members of a place by their short names; of two that are
// alike, none.
func renamed(v any) any {
	out := map[string]any{}
	for name, value := range folded(v) {
		if short := aliases[name]; short != "" {
			name = short
		}
		if _, twice := out[name]; twice {
			value = nil
		}
		out[name] = value
	}
	return out
}

func place(v any) []any {
	switch v := v.(type) {
	case string:
		var list []any
		for part := range strings.SplitSeq(v, ",") {
			list = append(list, part)
		}
		list[0], list[1] = list[1], list[0]
		return list
	case []any:
		return v
	case map[string]any:
		if c, ok := v["coordinates"].([]any); ok {
			return c
		}
		m := renamed(v).(map[string]any)
		list := []any{m["lon"], m["lat"]}
		if alt, ok := m["alt"]; ok {
			list = append(list, alt)
		}
		if len(list) != len(v) || rational(list[0]) == nil || rational(list[1]) == nil {
			return nil
		}
		if len(list) == 3 && rational(list[2]) == nil {
			return nil
		}
		return list
	}
	return nil
}

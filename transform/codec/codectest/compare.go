package codectest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// emptied gives empty data in place of none.
func emptied(data any) any {
	if object, ok := data.(map[string]any); data == nil || ok && object == nil {
		return map[string]any{}
	}
	return data
}

type differences []string

// maxDifferences bounds what one example says.
const maxDifferences = 20

func (d *differences) add(path, format string, args ...any) {
	if len(*d) < maxDifferences {
		*d = append(*d, path+": "+fmt.Sprintf(format, args...))
	}
}

func (d *differences) texts(path string, want, got []string) {
	blank := func(text string) bool { return strings.TrimSpace(text) == "" }
	if !slices.Equal(slices.DeleteFunc(slices.Clone(want), blank), slices.DeleteFunc(slices.Clone(got), blank)) {
		d.add(path, "want %s, got %s", show(want), show(got))
	}
}

// closeEnough is the relative difference that the last digits of a float may
// have between JavaScript engines.
const closeEnough = 1e-9

func (d *differences) compare(path string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			d.add(path, "want %s, got %s", show(want), show(got))
			return
		}
		d.members(path, want, object)
		return
	case []any:
		list, ok := got.([]any)
		if !ok && got != nil || len(list) != len(want) {
			d.add(path, "want %s, got %s", show(want), show(got))
			return
		}
		for i := range want {
			d.compare(path+"["+strconv.Itoa(i)+"]", want[i], list[i])
		}
		return
	case string:
		if isPlaceholder(want, got) {
			return
		}
		text, ok := got.(string)
		if n, isNumber := writtenNumber(want); !ok && isNumber && got != nil {
			d.compare(path, n, got)
			return
		}
		if !ok || text != want && !sameTime(text, want) {
			d.add(path, "want %s, got %s", show(want), show(got))
		}
		return
	case time.Time:
		if text, ok := got.(string); !ok || !sameTime(text, want.Format(time.RFC3339Nano)) {
			d.add(path, "want %s, got %s", show(want), show(got))
		}
		return
	case bool:
		if want != got {
			d.add(path, "want %t, got %s", want, show(got))
		}
		return
	case nil:
		if got != nil {
			d.add(path, "want nothing, got %s", show(got))
		}
		return
	}
	a, ok := exampleNumber(want)
	if math.IsNaN(a) || math.IsInf(a, 0) {
		if got != nil {
			d.add(path, "want nothing (%v cannot be sent), got %s", a, show(got))
		}
		return
	}
	b, same := exampleNumber(got)
	if _, isText := got.(string); !ok || !same || isText || math.Abs(a-b) > closeEnough*max(math.Abs(a), math.Abs(b)) {
		d.add(path, "want %s, got %s", show(want), show(got))
	}
}

func (d *differences) members(path string, want, got map[string]any) {
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		d.compare(path+"."+name, want[name], got[name])
	}
}

// isPlaceholder tells whether a value is one that an example of ThingPark leaves open:
// some time, or some number.
func isPlaceholder(want string, got any) bool {
	switch want {
	case "XXXX-XX-XXTXX:XX:XX.XXXZ":
		text, ok := got.(string)
		return ok && sameTime(text, text)
	case "SKIP_NUMBER":
		_, isText := got.(string)
		_, ok := exampleNumber(got)
		return ok && !isText
	}
	return false
}

// writtenNumber reads a number that the YAML parser reads as a text: one with an
// exponent and no point, one of more than 64 bits, or one like 08.
func writtenNumber(text string) (float64, bool) {
	octal := strings.HasPrefix(text, "0") && strings.ContainsAny(text, "89")
	if !octal && !strings.ContainsAny(text, "eE") && len(text) < 20 {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
}

// sameTime tells whether what a codec gave is the point in time that an example
// has, as when a YAML timestamp, which needs no zone, stands for a JavaScript
// Date. A Date has milliseconds, gateways give more digits.
func sameTime(got, want string) bool {
	x, err := time.Parse(time.RFC3339, got)
	if err != nil {
		return false
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.DateTime, time.DateOnly,
	} {
		if y, err := time.Parse(layout, want); err == nil {
			return x.UnixMilli() == y.UnixMilli()
		}
	}
	return false
}

// show writes a value for a person, shortened.
func show(value any) string {
	const most = 200
	if value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value)
	}
	if len(text) > most {
		text = append(text[:most:most], "..."...)
	}
	return string(text)
}

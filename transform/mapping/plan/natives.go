package plan

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// natives are jq's own functions over values.
var natives = map[string]Func{
	"not/0":            func(in any, _ []any) (any, error) { return !truth(in), nil },
	"type/0":           func(in any, _ []any) (any, error) { return gojq.TypeOf(in), nil },
	"ascii_downcase/0": onText(func(s string) (any, error) { return asciiCase(s, 'A', 'Z'), nil }),
	"ascii_upcase/0":   onText(func(s string) (any, error) { return asciiCase(s, 'a', 'z'), nil }),
	"startswith/1":     onTexts(errFails, func(a, b string) any { return strings.HasPrefix(a, b) }),
	"endswith/1":       onTexts(errFails, func(a, b string) any { return strings.HasSuffix(a, b) }),
	"ltrimstr/1":       onTexts(errBeyond, func(a, b string) any { return strings.TrimPrefix(a, b) }),
	"rtrimstr/1":       onTexts(errBeyond, func(a, b string) any { return strings.TrimSuffix(a, b) }),
	"contains/1":       onTexts(errBeyond, func(a, b string) any { return strings.Contains(a, b) }),
	"split/1":          onTexts(errBeyond, split),
	"fromjson/0":       onText(fromJSON),
	"tostring/0": func(in any, _ []any) (any, error) {
		text, err := toString(in)
		return text, err
	},
	"to_entries/0":   toEntries,
	"from_entries/0": fromEntries,
	"transpose/0":    transpose,
	"add/0":          sum,
	"last/0":         func(in any, _ []any) (any, error) { return element(in, -1) },
	"has/1":          has,
	"length/0":       length,
	"keys/0":         keys,
	"min/0":          least,
}

func onText(f func(string) (any, error)) Func {
	return func(in any, _ []any) (any, error) {
		if text, ok := in.(string); ok {
			return f(text)
		}
		return nil, errFails
	}
}

func onTexts(otherwise error, f func(a, b string) any) Func {
	return func(in any, args []any) (any, error) {
		a, ok1 := in.(string)
		b, ok2 := args[0].(string)
		if !ok1 || !ok2 {
			return nil, otherwise
		}
		return f(a, b), nil
	}
}

func asciiCase(s string, from, to byte) string {
	out := []byte(s)
	for i, c := range out {
		if from <= c && c <= to {
			out[i] = c ^ 0x20
		}
	}
	return string(out)
}

func split(a, b string) any {
	if a == "" {
		return []any{}
	}
	parts := strings.Split(a, b)
	out := make([]any, len(parts))
	for i, part := range parts {
		out[i] = part
	}
	return out
}

// fromJSON reads what gojq reads.
func fromJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errFails
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errFails
	}
	return value, nil
}

// jsonBytes is about what the value of a JSON text takes in memory.
func jsonBytes(text string) int {
	values := strings.Count(text, "[") + strings.Count(text, ",")
	return len(text) + objectBytes*strings.Count(text, "{") + 2*memberBytes*values
}

func has(in any, args []any) (any, error) {
	object, ok1 := in.(map[string]any)
	name, ok2 := args[0].(string)
	if !ok1 || !ok2 {
		return nil, errBeyond
	}
	_, has := object[name]
	return has, nil
}

func length(in any, _ []any) (any, error) {
	switch in := in.(type) {
	case nil:
		return 0, nil
	case string:
		return utf8.RuneCountInString(in), nil
	case []any:
		return len(in), nil
	case map[string]any:
		return len(in), nil
	}
	return nil, errBeyond
}

func keys(in any, _ []any) (any, error) {
	object, ok := in.(map[string]any)
	if !ok {
		return nil, errBeyond
	}
	names := make([]any, 0, len(object))
	for _, name := range sortedKeys(object) {
		names = append(names, name)
	}
	return names, nil
}

func least(in any, _ []any) (any, error) {
	list, ok := in.([]any)
	if !ok {
		return nil, errBeyond
	}
	var best any
	for i, value := range list {
		if i == 0 || gojq.Compare(value, best) < 0 {
			best = value
		}
	}
	return best, nil
}

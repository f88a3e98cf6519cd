package plan

import (
	"encoding/json"
	"maps"
	"math"
	"slices"

	"github.com/itchyny/gojq"
)

func equal(l, r any) bool {
	switch x := l.(type) {
	case nil:
		return r == nil
	case string:
		y, ok := r.(string)
		return ok && x == y
	case bool:
		y, ok := r.(bool)
		return ok && x == y
	}
	return gojq.Compare(l, r) == 0
}

// add handles null, texts, arrays, objects and small numbers.
func add(l, r any) (any, error) {
	switch x := l.(type) {
	case nil:
		if _, digits := r.(json.Number); digits {
			return nil, errBeyond // jq makes a float64 of it
		}
		return r, nil
	case string:
		if y, ok := r.(string); ok {
			return x + y, nil
		}
	case []any:
		if y, ok := r.([]any); ok {
			return append(slices.Clip(x), y...), nil
		}
	case map[string]any:
		if y, ok := r.(map[string]any); ok {
			sum := make(map[string]any, len(x)+len(y))
			maps.Copy(sum, x)
			maps.Copy(sum, y)
			return sum, nil
		}
	}
	if _, digits := l.(json.Number); r == nil && !digits {
		return l, nil
	}
	x, fine1 := smallNumber(l)
	y, fine2 := smallNumber(r)
	if !fine1 || !fine2 {
		return nil, errBeyond
	}
	return number(x + y)
}

// subtract handles small numbers.
func subtract(l, r any) (any, error) {
	x, fine1 := smallNumber(l)
	y, fine2 := smallNumber(r)
	if !fine1 || !fine2 {
		return nil, errBeyond
	}
	return number(x - y)
}

// multiply handles small numbers.
func multiply(l, r any) (any, error) {
	x, fine1 := smallNumber(l)
	y, fine2 := smallNumber(r)
	if !fine1 || !fine2 {
		return nil, errBeyond
	}
	return number(x * y)
}

// divide handles small numbers; gojq has the words for a division by zero.
func divide(l, r any) (any, error) {
	x, fine1 := smallNumber(l)
	y, fine2 := smallNumber(r)
	if !fine1 || !fine2 || y == 0 {
		return nil, errBeyond
	}
	return number(x / y)
}

func number(f float64) (any, error) {
	if f == 0 && math.Signbit(f) {
		return nil, errBeyond // an integer has no -0
	}
	return f, nil
}

// smallNumber gives numbers of which a float64 holds every digit, sums included.
func smallNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), -1<<26 < v && v < 1<<26
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil && len(v) < 16 && (-1<<26 < f && f < 1<<26)
	}
	return 0, false
}

func sortedKeys(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func toString(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := gojq.Marshal(value)
	return string(text), err
}

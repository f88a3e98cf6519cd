package transform

import (
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// natives are jq's own functions that plans do; what they leave to gojq is
// errBeyond.
func natives() map[string]helperFunc {
	onText := func(f func(string) (any, error)) helperFunc {
		return func(in any, _ []any) (any, error) {
			if text, ok := in.(string); ok {
				return f(text)
			}
			return nil, errFails
		}
	}
	onTexts := func(otherwise error, f func(a, b string) any) helperFunc {
		return func(in any, args []any) (any, error) {
			a, ok1 := in.(string)
			b, ok2 := args[0].(string)
			if !ok1 || !ok2 {
				return nil, otherwise
			}
			return f(a, b), nil
		}
	}
	return map[string]helperFunc{
		"not/0":            func(in any, _ []any) (any, error) { return !truth(in), nil },
		"type/0":           func(in any, _ []any) (any, error) { return gojq.TypeOf(in), nil },
		"ascii_downcase/0": onText(func(s string) (any, error) { return asciiCase(s, 'A', 'Z'), nil }),
		"ascii_upcase/0":   onText(func(s string) (any, error) { return asciiCase(s, 'a', 'z'), nil }),
		"startswith/1":     onTexts(errFails, func(a, b string) any { return strings.HasPrefix(a, b) }),
		"endswith/1":       onTexts(errFails, func(a, b string) any { return strings.HasSuffix(a, b) }),
		"ltrimstr/1":       onTexts(errBeyond, func(a, b string) any { return strings.TrimPrefix(a, b) }),
		"rtrimstr/1":       onTexts(errBeyond, func(a, b string) any { return strings.TrimSuffix(a, b) }),
		"contains/1":       onTexts(errBeyond, func(a, b string) any { return strings.Contains(a, b) }),
		"split/1":          onTexts(errBeyond, splitText),
		"tostring/0": func(in any, _ []any) (any, error) {
			text, err := toString(in)
			return text, err
		},
		"tonumber/0": func(in any, _ []any) (any, error) {
			text, ok := in.(string)
			if n, valid := jsonNumber(text); ok && valid && string(n) == text && strings.Trim(text, "-0123456789") == "" {
				return n, nil
			}
			return nil, errBeyond
		},
		"fromjson/0": onText(fromJSON),
		"has/1":      hasMember,
		"length/0":   lengthOf,
		"keys/0": func(in any, _ []any) (any, error) {
			object, ok := in.(map[string]any)
			if !ok {
				return nil, errBeyond
			}
			names := make([]any, 0, len(object))
			for _, name := range sortedKeys(object) {
				names = append(names, name)
			}
			return names, nil
		},
		"add/0": func(in any, _ []any) (any, error) {
			list, ok := in.([]any)
			if !ok {
				return nil, errBeyond
			}
			var sum any
			for _, value := range list {
				var err error
				if sum, err = arithmetic(gojq.OpAdd, sum, value); err != nil {
					return nil, err
				}
			}
			return sum, nil
		},
		"min/0":   func(in any, _ []any) (any, error) { return extremeOf(in, func(c int) bool { return c < 0 }) },
		"max/0":   func(in any, _ []any) (any, error) { return extremeOf(in, func(c int) bool { return c >= 0 }) },
		"first/0": func(in any, _ []any) (any, error) { return lookUp(in, 0) },
		"last/0":  func(in any, _ []any) (any, error) { return lookUp(in, -1) },
		"fabs/0": func(in any, _ []any) (any, error) {
			f, ok := plainFloat(in)
			if !ok {
				return nil, errBeyond
			}
			return max(f, -f), nil
		},
		"join/1": joinTexts,
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

func splitText(a, b string) any {
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

func joinTexts(in any, args []any) (any, error) {
	list, ok1 := in.([]any)
	by, ok2 := args[0].(string)
	if !ok1 || !ok2 {
		return nil, errBeyond
	}
	parts := make([]string, len(list))
	for i, value := range list {
		text, ok := value.(string)
		if !ok {
			return nil, errBeyond
		}
		parts[i] = text
	}
	return strings.Join(parts, by), nil
}

func fromJSON(text string) (any, error) {
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return nil, errBeyond // gojq reads a little more than JSON
	}
	value, ok := parseJSON([]byte(text))
	if !ok {
		return nil, errBeyond
	}
	return value, nil
}

func hasMember(in any, args []any) (any, error) {
	object, ok1 := in.(map[string]any)
	name, ok2 := args[0].(string)
	if !ok1 || !ok2 {
		return nil, errBeyond
	}
	_, has := object[name]
	return has, nil
}

func lengthOf(in any, _ []any) (any, error) {
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

func extremeOf(in any, better func(int) bool) (any, error) {
	list, ok := in.([]any)
	if !ok {
		return nil, errBeyond
	}
	var best any
	for i, value := range list {
		if i == 0 || better(gojq.Compare(value, best)) {
			best = value
		}
	}
	return best, nil
}

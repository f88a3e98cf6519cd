package transform

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// call gives the plan of a function call or a variable, or nil.
func (p *planner) call(f *gojq.Func) *plan {
	if strings.HasPrefix(f.Name, "$") {
		return p.variable(f.Name)
	}
	args := make([]*plan, len(f.Args))
	for i, arg := range f.Args {
		if args[i] = p.plan(arg); args[i] == nil {
			return nil
		}
	}
	if made := overPlans(f.Name, args); made != nil {
		return made
	}
	call := p.helpers[f.Name+"/"+strconv.Itoa(len(args))]
	if call == nil {
		return nil
	}
	for _, arg := range args {
		if arg.one == nil {
			return nil
		}
	}
	return single(func(r *run, in any) (any, error) {
		values := make([]any, len(args))
		for i, arg := range args {
			value, err := arg.one(r, in)
			if err != nil {
				return nil, err
			}
			values[i] = value
		}
		value, err := call(in, values)
		if err != nil && !errors.Is(err, errBeyond) {
			return nil, errFails
		}
		return value, err
	})
}

// overPlans are the functions that evaluate their arguments themselves.
func overPlans(name string, args []*plan) *plan {
	switch name + "/" + strconv.Itoa(len(args)) {
	case "empty/0":
		return &plan{each: func(*run, any, emitFunc) error { return nil }}
	case "error/0", "error/1":
		return single(func(*run, any) (any, error) { return nil, errFails })
	case "select/1":
		if cond := args[0]; cond.one != nil {
			return &plan{each: func(r *run, in any, emit emitFunc) error {
				value, err := cond.one(r, in)
				if err != nil || !truth(value) {
					return err
				}
				return emit(in)
			}}
		}
	case "values/0":
		return &plan{each: func(_ *run, in any, emit emitFunc) error {
			if in == nil {
				return nil
			}
			return emit(in)
		}}
	case "map/1":
		return single(func(r *run, in any) (any, error) {
			out := []any{}
			err := iterate(r, in, func(value any) error {
				return args[0].each(r, value, func(value any) error {
					out = append(out, value)
					return nil
				})
			})
			return out, err
		})
	case "any/0":
		return quantified(iterate, single(func(_ *run, in any) (any, error) { return in, nil }), true)
	case "any/1":
		return quantified(iterate, args[0], true)
	case "any/2":
		return quantified(args[0].each, args[1], true)
	case "all/1":
		return quantified(iterate, args[0], false)
	case "all/2":
		return quantified(args[0].each, args[1], false)
	case "first/1":
		return firstOf(args[0])
	case "min_by/1":
		return extreme(args[0], func(c int) bool { return c < 0 })
	case "max_by/1":
		return extreme(args[0], func(c int) bool { return c >= 0 })
	case "with_entries/1":
		return withEntries(args[0])
	case "map_values/1":
		return mapValues(args[0])
	}
	return nil
}

// stopped ends a generator from inside.
type stopped struct{}

func (*stopped) Error() string { return "stopped" }

func quantified(items eachFunc, cond *plan, until bool) *plan {
	if cond.one == nil {
		return nil
	}
	return single(func(r *run, in any) (any, error) {
		stop, result := &stopped{}, !until
		err := items(r, in, func(value any) error {
			held, err := cond.one(r, value)
			if err != nil {
				return err
			}
			if truth(held) == until {
				result = until
				return stop
			}
			return nil
		})
		if err == error(stop) { //nolint:errorlint // this very one
			err = nil
		}
		return result, err
	})
}

func firstOf(items *plan) *plan {
	return &plan{each: func(r *run, in any, emit emitFunc) error {
		stop := &stopped{}
		var found any
		err := items.each(r, in, func(value any) error {
			found = value
			return stop
		})
		if err == error(stop) { //nolint:errorlint // this very one
			return emit(found)
		}
		return err
	}}
}

// extreme is min_by and max_by over arrays.
func extreme(key *plan, better func(int) bool) *plan {
	if key.one == nil {
		return nil
	}
	return single(func(r *run, in any) (any, error) {
		list, ok := in.([]any)
		if !ok {
			return nil, errFails
		}
		var best, bestKey any
		for i, value := range list {
			k, err := key.one(r, value)
			if err != nil {
				return nil, err
			}
			if i == 0 || better(gojq.Compare(k, bestKey)) {
				best, bestKey = value, k
			}
		}
		return best, r.step()
	})
}

// withEntries and mapValues are for objects; arrays are gojq's.
func withEntries(body *plan) *plan {
	return single(func(r *run, in any) (any, error) {
		object, ok := in.(map[string]any)
		if !ok {
			return nil, errBeyond
		}
		out := make(map[string]any, len(object))
		for _, name := range sortedKeys(object) {
			err := body.each(r, map[string]any{"key": name, "value": object[name]}, func(entry any) error {
				pair, ok := entry.(map[string]any)
				key, isText := pair["key"].(string)
				if _, has := pair["value"]; !ok || !isText || !has {
					return errBeyond
				}
				out[key] = pair["value"]
				return nil
			})
			if err != nil {
				return nil, err
			}
			if err := r.step(); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

func mapValues(body *plan) *plan {
	return single(func(r *run, in any) (any, error) {
		object, ok := in.(map[string]any)
		if !ok {
			return nil, errBeyond
		}
		out := make(map[string]any, len(object))
		for name, value := range object {
			stop := &stopped{}
			err := body.each(r, value, func(value any) error { // the first one counts
				out[name] = value
				return stop
			})
			if err != nil && err != error(stop) { //nolint:errorlint // this very one
				return nil, err
			}
		}
		return out, nil
	})
}

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

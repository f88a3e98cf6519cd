package transform

import (
	"errors"
	"strconv"
	"strings"

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

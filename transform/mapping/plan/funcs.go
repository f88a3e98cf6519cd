package plan

import (
	"errors"
	"strconv"

	"github.com/itchyny/gojq"

	"mayfly/transform/message"
)

// overNodes makes the functions that evaluate their arguments themselves.
func overNodes(name string, args []*node) *node {
	switch name + "/" + strconv.Itoa(len(args)) {
	case "empty/0":
		return generator(func(*Scope, any, emitFunc) error { return nil })
	case "values/0":
		return generator(func(_ *Scope, in any, emit emitFunc) error {
			if in == nil {
				return nil
			}
			return emit(in)
		})
	case "select/1":
		return selectBy(args[0])
	case "map/1":
		return mapped(args[0])
	case "map_values/1":
		return mapValues(args[0])
	case "any/2":
		return quantified(args[0], args[1], true)
	case "all/2":
		return quantified(args[0], args[1], false)
	case "first/1":
		return firstOf(args[0])
	case "max_by/1":
		return maxBy(args[0])
	case "with_entries/1":
		return withEntries(args[0])
	}
	return nil
}

// builders are the functions whose arrays and objects are new.
var builders = map[string]bool{
	"add": true, "bytes": true, "drop_nulls": true, "from_entries": true, "keys": true, "omit": true, "readings": true,
	"senml_messages": true, "si": true, "split": true, "to_entries": true, "transpose": true,
}

// madeBy counts what a function gave.
func (s *Scope) madeBy(name string, value any) error {
	switch value := value.(type) {
	case string:
		return s.made(len(value))
	case []any, map[string]any:
		if builders[name] {
			return s.made(message.Estimate(value, message.MaxMemory))
		}
	}
	return nil
}

func selectBy(cond *node) *node {
	if cond.one == nil {
		return nil
	}
	return generator(func(s *Scope, in any, emit emitFunc) error {
		value, err := cond.one(s, in)
		if err != nil || !truth(value) {
			return err
		}
		return emit(in)
	})
}

func mapped(body *node) *node {
	return single(func(s *Scope, in any) (any, error) {
		out := []any{}
		err := iterate(s, in, func(value any) error {
			return body.each(s, value, func(value any) error {
				out = append(out, value)
				return s.made(elementBytes)
			})
		})
		return out, err
	})
}

// mapValues is for objects; arrays are gojq's.
func mapValues(body *node) *node {
	if body.one == nil {
		return nil
	}
	return single(func(s *Scope, in any) (any, error) {
		object, ok := in.(map[string]any)
		if !ok {
			return nil, errBeyond
		}
		if err := s.made(objectBytes + memberBytes*len(object)); err != nil {
			return nil, err
		}
		out := make(map[string]any, len(object))
		for _, name := range sortedKeys(object) {
			if err := s.step(); err != nil {
				return nil, err
			}
			value, err := body.one(s, object[name])
			if err != nil {
				return nil, err
			}
			out[name] = value
		}
		return out, nil
	})
}

// quantified is any and all; the result is decided by the first value of which
// cond is what decides.
func quantified(items, cond *node, decides bool) *node {
	if cond.one == nil {
		return nil
	}
	return single(func(s *Scope, in any) (any, error) {
		result := !decides
		err := items.each.until(s, in, func(value any) (bool, error) {
			held, err := cond.one(s, value)
			if err == nil && truth(held) == decides {
				result = decides
			}
			return result != decides, err
		})
		return result, err
	})
}

func firstOf(items *node) *node {
	return generator(func(s *Scope, in any, emit emitFunc) error {
		var first any
		found := false
		err := items.each.until(s, in, func(value any) (bool, error) {
			first, found = value, true
			return false, nil
		})
		if err != nil || !found {
			return err
		}
		return emit(first)
	})
}

func maxBy(key *node) *node {
	if key.one == nil {
		return nil
	}
	return single(func(s *Scope, in any) (any, error) {
		list, ok := in.([]any)
		if !ok {
			return nil, errFails
		}
		var best, bestKey any
		for i, value := range list {
			if err := s.step(); err != nil {
				return nil, err
			}
			k, err := key.one(s, value)
			if err != nil {
				return nil, err
			}
			if i == 0 || gojq.Compare(k, bestKey) >= 0 {
				best, bestKey = value, k
			}
		}
		return best, nil
	})
}

// withEntries is for objects; arrays are gojq's.
func withEntries(body *node) *node {
	return single(func(s *Scope, in any) (any, error) {
		object, ok := in.(map[string]any)
		if !ok {
			return nil, errBeyond
		}
		out := make(map[string]any, len(object))
		for _, name := range sortedKeys(object) {
			if err := s.step(); err != nil {
				return nil, err
			}
			err := body.each(s, map[string]any{"key": name, "value": object[name]}, func(entry any) error {
				pair, ok := entry.(map[string]any)
				key, isText := pair["key"].(string)
				if _, has := pair["value"]; !ok || !isText || !has {
					return errBeyond
				}
				out[key] = pair["value"]
				return s.made(memberBytes)
			})
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// overValues calls a function with the values of its arguments.
func (b *builder) overValues(name string, args []*node) *node {
	signature := name + "/" + strconv.Itoa(len(args))
	call := b.funcs[signature]
	if call == nil {
		call = natives[signature]
	}
	if call == nil {
		return nil
	}
	for _, arg := range args {
		if arg.one == nil {
			return nil
		}
	}
	return single(func(s *Scope, in any) (any, error) {
		values := make([]any, len(args))
		for i, arg := range args {
			value, err := arg.one(s, in)
			if err != nil {
				return nil, err
			}
			values[i] = value
		}
		if text, ok := in.(string); ok {
			if err := s.work(len(text)); err != nil {
				return nil, err
			}
			if name == "fromjson" { // before it is made
				if err := s.made(jsonBytes(text)); err != nil {
					return nil, err
				}
			}
		}
		value, err := call(in, values)
		if err != nil && !errors.Is(err, errBeyond) {
			return nil, errFails
		}
		if err != nil {
			return nil, err
		}
		return value, s.madeBy(name, value)
	})
}

package arm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Symbol stands for a value that only a deployment knows. Its text says what it is.
type Symbol struct{ Text string }

func (s Symbol) String() string { return s.Text }

// Deployment is a template that was resolved.
type Deployment struct {
	Resources []Resource // those whose condition holds, without expressions
	Outputs   map[string]any
}

// Resolve gives what a deployment with these parameters asks for.
func (t *Template) Resolve(parameters map[string]any) (*Deployment, error) {
	s := &scope{template: t, parameters: parameters, busy: map[string]bool{}}
	if err := s.checkParameters(); err != nil {
		return nil, err
	}
	d := &Deployment{Outputs: map[string]any{}}
	for i, r := range t.Resources {
		wanted, err := s.value(r.Condition)
		if err != nil {
			return nil, fmt.Errorf("resource %d: condition: %w", i, err)
		}
		if wanted == false {
			continue
		}
		r.Condition = nil
		resolved, err := s.resource(r)
		if err != nil {
			return nil, fmt.Errorf("resource %d (%s): %w", i, r.Type, err)
		}
		d.Resources = append(d.Resources, resolved)
	}
	for name, o := range t.Outputs {
		v, err := s.value(o.Value)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		d.Outputs[name] = text(v)
	}
	return d, nil
}

// scope is what the names of an expression mean.
type scope struct {
	template   *Template
	parameters map[string]any
	busy       map[string]bool // variables and defaults that are being evaluated
}

func (s *scope) resource(r Resource) (Resource, error) {
	tree, err := plain(r)
	if err != nil {
		return r, err
	}
	v, err := s.value(tree)
	if err != nil {
		return r, err
	}
	text, ok := text(v).(map[string]any)
	if !ok {
		return r, errors.New("is not an object")
	}
	var resolved Resource
	err = convert(text, &resolved)
	return resolved, err
}

// value evaluates all expressions of a tree.
func (s *scope) value(tree any) (any, error) {
	switch v := tree.(type) {
	case string:
		if !IsExpression(v) {
			if strings.HasPrefix(v, "[[") {
				v = v[1:]
			}
			return v, nil
		}
		node, err := ParseExpression(v)
		if err != nil {
			return nil, err
		}
		return s.evaluate(node)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = s.value(e); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			key, err := s.value(k)
			if err != nil {
				return nil, err
			}
			e, err := s.value(v[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[fmt.Sprint(key)] = e
		}
		return out, nil
	}
	return tree, nil
}

func (s *scope) evaluate(node Node) (any, error) {
	switch n := node.(type) {
	case string, int:
		return n, nil
	case Member:
		of, err := s.evaluate(n.Of)
		if err != nil {
			return nil, err
		}
		return member(of, n.Name)
	case Index:
		of, err := s.evaluate(n.Of)
		if err != nil {
			return nil, err
		}
		at, err := s.evaluate(n.At)
		if err != nil {
			return nil, err
		}
		if i, ok := at.(int); ok {
			list, ok := of.([]any)
			if !ok || i < 0 || i >= len(list) {
				return nil, fmt.Errorf("[%d] is not there", i)
			}
			return list[i], nil
		}
		return member(of, fmt.Sprint(at))
	case Call:
		return s.call(n)
	}
	return nil, fmt.Errorf("unknown node %T", node)
}

func member(of any, name string) (any, error) {
	switch v := of.(type) {
	case Symbol:
		return Symbol{v.Text + "." + name}, nil
	case map[string]any:
		if e, ok := v[name]; ok {
			return e, nil
		}
	}
	return nil, fmt.Errorf("property %s is not there", name)
}

// named evaluates a variable, or the default of a parameter, once at a time.
func (s *scope) named(kind, name string, tree any) (any, error) {
	key := kind + " " + name
	if s.busy[key] {
		return nil, fmt.Errorf("%s refers to itself", key)
	}
	s.busy[key] = true
	defer delete(s.busy, key)
	v, err := s.value(tree)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return v, nil
}

func (s *scope) checkParameters() error {
	for name := range s.parameters {
		if _, ok := s.template.Parameters[name]; !ok {
			return fmt.Errorf("the template has no parameter %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.template.Parameters)) {
		p := s.template.Parameters[name]
		v, err := s.parameter(name)
		if err != nil {
			return err
		}
		if err := p.accepts(v); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return nil
}

func (s *scope) parameter(name string) (any, error) {
	p, ok := s.template.Parameters[name]
	if !ok {
		return nil, fmt.Errorf("the template has no parameter %s", name)
	}
	if v, ok := s.parameters[name]; ok {
		return v, nil
	}
	if p.DefaultValue == nil {
		return nil, fmt.Errorf("parameter %s has no value", name)
	}
	return s.named("parameter", name, p.DefaultValue)
}

func (p Parameter) accepts(v any) error {
	switch v := v.(type) {
	case string:
		if p.Type != "string" && p.Type != "securestring" {
			return fmt.Errorf("is a string, want %s", p.Type)
		}
		if p.MinLength != nil && len(v) < *p.MinLength || p.MaxLength != nil && len(v) > *p.MaxLength {
			return errors.New("is shorter or longer than allowed")
		}
	case bool:
		if p.Type != "bool" {
			return fmt.Errorf("is a boolean, want %s", p.Type)
		}
	case float64:
		if p.Type != "int" || v != float64(int(v)) {
			return fmt.Errorf("is a number, want %s", p.Type)
		}
		if p.MinValue != nil && v < *p.MinValue || p.MaxValue != nil && v > *p.MaxValue {
			return errors.New("is smaller or larger than allowed")
		}
	case map[string]any:
		if p.Type != "object" && p.Type != "secureObject" {
			return fmt.Errorf("is an object, want %s", p.Type)
		}
	case Symbol:
	default:
		return fmt.Errorf("has the type %T, want %s", v, p.Type)
	}
	if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, v) {
		return fmt.Errorf("is %v, want one of %v", v, p.AllowedValues)
	}
	return nil
}

package plan

import (
	"errors"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// node is a part of an expression.
type node struct {
	one  oneFunc  // the single value; nil where there may be none or several
	each eachFunc // every value
}

type (
	oneFunc  func(s *Scope, in any) (any, error)
	eachFunc func(s *Scope, in any, emit emitFunc) error
	emitFunc func(any) error
)

var (
	errFails  = errors.New("the expression fails")          // "?" catches it
	errBeyond = errors.New("plans do not cover the values") // nothing catches it
)

// stop ends a generator from inside. It is not empty, so that each has an address
// of its own: a generator must not take the end of another for its own.
type stop struct{ _ byte }

func (*stop) Error() string { return "stopped" }

// until calls visit with the values of a generator while it returns true.
func (each eachFunc) until(s *Scope, in any, visit func(any) (more bool, err error)) error {
	end := &stop{}
	err := each(s, in, func(value any) error {
		more, err := visit(value)
		if err == nil && !more {
			return end
		}
		return err
	})
	if err == error(end) { //nolint:errorlint // this very one
		return nil
	}
	return err
}

func single(f oneFunc) *node {
	return &node{one: f, each: func(s *Scope, in any, emit emitFunc) error {
		value, err := f(s, in)
		if err != nil {
			return err
		}
		if err := s.step(); err != nil {
			return err
		}
		return emit(value)
	}}
}

func generator(f eachFunc) *node { return &node{each: f} }

func constant(value any) *node {
	return single(func(*Scope, any) (any, error) { return value, nil })
}

func identity() *node {
	return single(func(_ *Scope, in any) (any, error) { return in, nil })
}

// builder makes nodes.
type builder struct {
	funcs map[string]Func
	vars  []string
	bound []string // the variables that the query binds, a slot each; empty out of their scope
}

// query gives the node of a query, or nil.
func (b *builder) query(q *gojq.Query) *node {
	if q == nil || q.Meta != nil || len(q.Imports) > 0 || len(q.FuncDefs) > 0 {
		return nil
	}
	if q.Term != nil {
		return b.term(q.Term)
	}
	if q.Op == gojq.OpPipe && len(q.Patterns) > 0 {
		return b.bind(q)
	}
	left, right := b.query(q.Left), b.query(q.Right)
	if left == nil || right == nil {
		return nil
	}
	switch q.Op {
	case gojq.OpPipe:
		return pipe(left, right)
	case gojq.OpComma:
		return generator(func(s *Scope, in any, emit emitFunc) error {
			if err := left.each(s, in, emit); err != nil {
				return err
			}
			return right.each(s, in, emit)
		})
	case gojq.OpAlt:
		return alternative(left, right)
	case gojq.OpAnd, gojq.OpOr:
		return logic(left, right, q.Op == gojq.OpOr)
	default:
		return operator(q.Op, left, right)
	}
}

// bind is "left as $name | right".
func (b *builder) bind(q *gojq.Query) *node {
	left := b.query(q.Left)
	if left == nil || len(q.Patterns) != 1 || q.Patterns[0].Name == "" {
		return nil
	}
	// Each binding has a slot of its own: an inner one must not overwrite an outer
	// one of its name.
	slot := len(b.bound)
	b.bound = append(b.bound, q.Patterns[0].Name)
	right := b.query(q.Right)
	b.bound[slot] = ""
	if right == nil {
		return nil
	}
	if left.one != nil {
		return leading(func(s *Scope, in any) (*node, any, error) {
			value, err := left.one(s, in)
			s.set(slot, value)
			return right, in, err
		}, right)
	}
	return generator(func(s *Scope, in any, emit emitFunc) error {
		return left.each(s, in, func(value any) error {
			s.set(slot, value)
			return right.each(s, in, emit)
		})
	})
}

func (b *builder) variable(name string) *node {
	for slot, known := range slices.Backward(b.bound) {
		if known == name {
			return single(func(s *Scope, _ any) (any, error) { return s.get(slot), nil })
		}
	}
	for i, known := range slices.Backward(b.vars) {
		if known == name {
			return single(func(s *Scope, _ any) (any, error) { return s.Vars[i], nil })
		}
	}
	return nil
}

// call gives the node of a function call or a variable, or nil.
func (b *builder) call(f *gojq.Func) *node {
	if strings.HasPrefix(f.Name, "$") {
		return b.variable(f.Name)
	}
	args := make([]*node, len(f.Args))
	for i, arg := range f.Args {
		if args[i] = b.query(arg); args[i] == nil {
			return nil
		}
	}
	if made := overNodes(f.Name, args); made != nil {
		return made
	}
	return b.overValues(f.Name, args)
}

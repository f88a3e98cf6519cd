package plan

import (
	"errors"
	"slices"

	"github.com/itchyny/gojq"
)

// leading is a node whose first part, of a single value, decides which of the
// nodes gives the results, and over what.
func leading(decide func(s *Scope, in any) (next *node, input any, err error), nodes ...*node) *node {
	if slices.ContainsFunc(nodes, func(n *node) bool { return n.one == nil }) {
		return generator(func(s *Scope, in any, emit emitFunc) error {
			next, input, err := decide(s, in)
			if err != nil {
				return err
			}
			return next.each(s, input, emit)
		})
	}
	return single(func(s *Scope, in any) (any, error) {
		next, input, err := decide(s, in)
		if err != nil {
			return nil, err
		}
		return next.one(s, input)
	})
}

func pipe(left, right *node) *node {
	if left.one != nil {
		return leading(func(s *Scope, in any) (*node, any, error) {
			value, err := left.one(s, in)
			return right, value, err
		}, right)
	}
	return generator(func(s *Scope, in any, emit emitFunc) error {
		return left.each(s, in, func(value any) error { return right.each(s, value, emit) })
	})
}

func truth(value any) bool { return value != nil && value != false }

// alternative is "//". jq takes a left side that fails for one without values;
// that is left to gojq.
func alternative(left, right *node) *node {
	if left.one != nil {
		found := identity()
		return leading(func(s *Scope, in any) (*node, any, error) {
			value, err := left.one(s, in)
			switch {
			case err != nil:
				return nil, nil, errBeyond
			case truth(value):
				return found, value, nil
			}
			return right, in, nil
		}, right)
	}
	return generator(func(s *Scope, in any, emit emitFunc) error {
		found := false
		var failed error // of what follows, which is not the left side's failure
		err := left.each(s, in, func(value any) error {
			if !truth(value) {
				return nil
			}
			found = true
			failed = emit(value)
			return failed
		})
		switch {
		case failed != nil:
			return failed
		case err != nil:
			return errBeyond
		case found:
			return nil
		}
		return right.each(s, in, emit)
	})
}

func logic(left, right *node, or bool) *node {
	if left.one == nil || right.one == nil {
		return nil
	}
	return single(func(s *Scope, in any) (any, error) {
		value, err := left.one(s, in)
		if err != nil || truth(value) == or {
			return or, err
		}
		value, err = right.one(s, in)
		return truth(value), err
	})
}

// attempt is "?": a failure gives nothing.
func attempt(body *node) *node {
	return generator(func(s *Scope, in any, emit emitFunc) error {
		var failed error // of what follows
		err := body.each(s, in, func(value any) error {
			failed = emit(value)
			return failed
		})
		if failed == nil && errors.Is(err, errFails) {
			return nil
		}
		return err
	})
}

func (b *builder) conditional(i *gojq.If) *node {
	cond, then := b.query(i.Cond), b.query(i.Then)
	var otherwise *node
	switch {
	case len(i.Elif) > 0:
		first := i.Elif[0]
		otherwise = b.conditional(&gojq.If{Cond: first.Cond, Then: first.Then, Elif: i.Elif[1:], Else: i.Else})
	case i.Else != nil:
		otherwise = b.query(i.Else)
	}
	if cond == nil || cond.one == nil || then == nil || otherwise == nil {
		return nil
	}
	return leading(func(s *Scope, in any) (*node, any, error) {
		value, err := cond.one(s, in)
		if truth(value) {
			return then, in, err
		}
		return otherwise, in, err
	}, then, otherwise)
}

// operator is an operator over two values.
func operator(op gojq.Operator, left, right *node) *node {
	compare := func(holds func(l, r any) bool) func(l, r any) (any, error) {
		return func(l, r any) (any, error) { return holds(l, r), nil }
	}
	var apply func(l, r any) (any, error)
	switch op {
	case gojq.OpEq:
		apply = compare(equal)
	case gojq.OpNe:
		apply = compare(func(l, r any) bool { return !equal(l, r) })
	case gojq.OpLt:
		apply = compare(func(l, r any) bool { return gojq.Compare(l, r) < 0 })
	case gojq.OpGt:
		apply = compare(func(l, r any) bool { return gojq.Compare(l, r) > 0 })
	case gojq.OpAdd:
		apply = add
	case gojq.OpSub:
		apply = subtract
	case gojq.OpMul:
		apply = multiply
	case gojq.OpDiv:
		apply = divide
	default:
		return nil
	}
	if left.one == nil || right.one == nil {
		return nil
	}
	return single(func(s *Scope, in any) (any, error) {
		r, err := right.one(s, in) // the right one first, as jq does
		if err != nil {
			return nil, err
		}
		l, err := left.one(s, in)
		if err != nil {
			return nil, err
		}
		if op != gojq.OpAdd && deep(l) && deep(r) {
			return nil, errBeyond // a comparison of these has no bound here
		}
		value, err := apply(l, r)
		if err != nil {
			return nil, err
		}
		return value, s.made(size(value))
	})
}

// size is what a new value takes in memory, what is in it apart.
func size(value any) int {
	switch value := value.(type) {
	case string:
		return len(value)
	case []any:
		return elementBytes * len(value)
	case map[string]any:
		return objectBytes + memberBytes*len(value)
	}
	return 0
}

// deep tells whether a value is an array or object that holds something.
func deep(value any) bool {
	switch value := value.(type) {
	case []any:
		return len(value) > 0
	case map[string]any:
		return len(value) > 0
	}
	return false
}

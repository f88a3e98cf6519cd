package transform

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/itchyny/gojq"
)

// plan is an expression as Go closures. Most of what sources say is paths,
// alternatives and a few functions; a plan does these at a twentieth of what
// gojq's machine needs to start. It covers a part of the language: what it does
// not cover is gojq's, and so is every expression that fails, so that results and
// errors are gojq's always.
type plan struct {
	// one gives the single value; nil when there may be none or several.
	one oneFunc
	// each gives every value.
	each eachFunc
}

type (
	oneFunc  func(r *run, in any) (any, error)
	eachFunc func(r *run, in any, emit emitFunc) error
	emitFunc func(any) error
)

var (
	// errFails: the expression fails here, so that ? goes on.
	errFails = errors.New("the expression fails")
	// errBeyond: the values are beyond what plans do.
	errBeyond = errors.New("beyond plans")
)

// mostSteps bounds the work of the plans of one request.
const mostSteps = 2_000_000

// step counts a unit of work.
func (r *run) step() error {
	if r.steps++; r.steps > mostSteps {
		return errBeyond // gojq's own limit of time decides
	}
	return nil
}

func single(f oneFunc) *plan {
	return &plan{one: f, each: func(r *run, in any, emit emitFunc) error {
		value, err := f(r, in)
		if err != nil {
			return err
		}
		if err := r.step(); err != nil {
			return err
		}
		return emit(value)
	}}
}

func constant(value any) *plan { return single(func(*run, any) (any, error) { return value, nil }) }

// planner makes plans. names are the variables in scope, a slot each.
type planner struct {
	helpers map[string]helperFunc // name/arity
	names   []string
	slots   int
}

// plan gives the plan of a query, or nil.
func (p *planner) plan(q *gojq.Query) *plan {
	if q == nil || q.Meta != nil || len(q.Imports) > 0 || len(q.FuncDefs) > 0 {
		return nil
	}
	if q.Term != nil {
		return p.term(q.Term)
	}
	if q.Op == gojq.OpPipe && len(q.Patterns) > 0 {
		return p.bind(q)
	}
	left, right := p.plan(q.Left), p.plan(q.Right)
	if left == nil || right == nil {
		return nil
	}
	switch q.Op {
	case gojq.OpPipe:
		return pipe(left, right)
	case gojq.OpComma:
		return &plan{each: func(r *run, in any, emit emitFunc) error {
			if err := left.each(r, in, emit); err != nil {
				return err
			}
			return right.each(r, in, emit)
		}}
	case gojq.OpAlt:
		return alternative(left, right)
	case gojq.OpAnd, gojq.OpOr:
		return logic(left, right, q.Op == gojq.OpOr)
	default:
		return operator(q.Op, left, right)
	}
}

func pipe(left, right *plan) *plan {
	if left.one != nil && right.one != nil {
		return single(func(r *run, in any) (any, error) {
			value, err := left.one(r, in)
			if err != nil {
				return nil, err
			}
			return right.one(r, value)
		})
	}
	return &plan{each: func(r *run, in any, emit emitFunc) error {
		return left.each(r, in, func(value any) error { return right.each(r, value, emit) })
	}}
}

func truth(value any) bool { return value != nil && value != false }

func alternative(left, right *plan) *plan {
	if left.one != nil && right.one != nil {
		return single(func(r *run, in any) (any, error) {
			value, err := left.one(r, in)
			if err != nil || truth(value) {
				return value, err
			}
			return right.one(r, in)
		})
	}
	return &plan{each: func(r *run, in any, emit emitFunc) error {
		found := false
		err := left.each(r, in, func(value any) error {
			if !truth(value) {
				return nil
			}
			found = true
			return emit(value)
		})
		if err != nil {
			return err
		}
		if found {
			return nil
		}
		return right.each(r, in, emit)
	}}
}

func logic(left, right *plan, or bool) *plan {
	if left.one == nil || right.one == nil {
		return nil
	}
	return single(func(r *run, in any) (any, error) {
		value, err := left.one(r, in)
		if err != nil || truth(value) == or {
			return or, err
		}
		value, err = right.one(r, in)
		return truth(value), err
	})
}

// bind is "left as $name | right".
func (p *planner) bind(q *gojq.Query) *plan {
	left := p.plan(q.Left)
	if left == nil || len(q.Patterns) != 1 || q.Patterns[0].Name == "" {
		return nil
	}
	slot, leave := p.enter(q.Patterns[0].Name)
	right := p.plan(q.Right)
	leave()
	if right == nil {
		return nil
	}
	if left.one != nil && right.one != nil {
		return single(func(r *run, in any) (any, error) {
			value, err := left.one(r, in)
			if err != nil {
				return nil, err
			}
			r.set(slot, value)
			return right.one(r, in)
		})
	}
	return &plan{each: func(r *run, in any, emit emitFunc) error {
		return left.each(r, in, func(value any) error {
			r.set(slot, value)
			return right.each(r, in, emit)
		})
	}}
}

// enter brings a variable into scope until leave is called. Each binding has a
// slot of its own: an inner one must not overwrite an outer one of its name.
func (p *planner) enter(name string) (slot int, leave func()) {
	for len(p.names) < p.slots {
		p.names = append(p.names, "") // slots of scopes that were left
	}
	p.names = append(p.names, name)
	p.slots = len(p.names)
	slot = p.slots - 1
	return slot, func() { p.names[slot] = "" }
}

func (p *planner) variable(name string) *plan {
	for slot, known := range slices.Backward(p.names) {
		if known == name {
			return single(func(r *run, _ any) (any, error) { return r.get(slot), nil })
		}
	}
	return nil
}

func (r *run) set(slot int, value any) {
	for len(r.vars) <= slot {
		r.vars = append(r.vars, nil)
	}
	r.vars[slot] = value
}

func (r *run) get(slot int) any {
	if slot < len(r.vars) {
		return r.vars[slot]
	}
	return nil
}

// operator is an operator over two values.
func operator(op gojq.Operator, left, right *plan) *plan {
	if left.one == nil || right.one == nil {
		return nil
	}
	var holds func(l, r any) bool // nil for arithmetic
	switch op {
	case gojq.OpEq:
		holds = equal
	case gojq.OpNe:
		holds = func(l, r any) bool { return !equal(l, r) }
	case gojq.OpLt:
		holds = func(l, r any) bool { return gojq.Compare(l, r) < 0 }
	case gojq.OpLe:
		holds = func(l, r any) bool { return gojq.Compare(l, r) <= 0 }
	case gojq.OpGt:
		holds = func(l, r any) bool { return gojq.Compare(l, r) > 0 }
	case gojq.OpGe:
		holds = func(l, r any) bool { return gojq.Compare(l, r) >= 0 }
	case gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv:
	default:
		return nil
	}
	return single(func(r *run, in any) (any, error) {
		y, err := right.one(r, in) // the right one first, as jq does
		if err != nil {
			return nil, err
		}
		x, err := left.one(r, in)
		if err != nil {
			return nil, err
		}
		if holds != nil {
			return holds(x, y), nil
		}
		return arithmetic(op, x, y)
	})
}

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

// arithmetic does the plain cases; big numbers, subtraction of arrays and the
// like are gojq's.
func arithmetic(op gojq.Operator, l, r any) (any, error) {
	if op == gojq.OpAdd {
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
				return merged(x, y), nil
			}
		}
		if _, digits := l.(json.Number); r == nil && !digits {
			return l, nil
		}
	}
	x, fine1 := plainFloat(l)
	y, fine2 := plainFloat(r)
	if !fine1 || !fine2 {
		return nil, errBeyond
	}
	var z float64
	switch op {
	case gojq.OpAdd:
		z = x + y
	case gojq.OpSub:
		z = x - y
	case gojq.OpMul:
		z = x * y
	default:
		if y == 0 {
			return nil, errFails
		}
		z = x / y
	}
	if z == 0 && math.Signbit(z) {
		return nil, errBeyond // an integer has no -0
	}
	return z, nil
}

// plainFloat gives numbers of which a float64 holds every digit, sums and
// products included.
func plainFloat(v any) (float64, bool) {
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

func merged(x, y map[string]any) map[string]any {
	out := make(map[string]any, len(x)+len(y))
	maps.Copy(out, x)
	maps.Copy(out, y)
	return out
}

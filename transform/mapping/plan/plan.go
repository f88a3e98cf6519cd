package plan

import (
	"github.com/itchyny/gojq"

	"mayfly/transform/message"
)

// Limits of plans. What exceeds them is evaluated by gojq, under its limit of
// time.
const (
	maxSteps  = 2_000_000 // units of work of all plans with one Scope
	maxValues = 10_000    // results of one run
)

// Func is a function that expressions can call, besides jq's own. An error means
// that the expression fails.
type Func func(in any, args []any) (any, error)

// Plan is a query as closures. It is safe for concurrent use.
type Plan struct {
	root *node
	vars int
}

// Scope is what the plans of one request share. It serves one goroutine.
type Scope struct {
	// Vars are the values of the variables, in the order of their names in New.
	Vars []any

	// Meter counts the memory of what the plans make. Where it says no, Err has why.
	Meter *message.Meter
	Err   error

	bound []any // variables that the running plan has bound
	steps int
}

// New makes the plan of a query; nil where the query has a construct that plans
// do not cover. vars are the names of its variables with their $, and funcs the
// functions besides jq's own, by "name/arity".
func New(q *gojq.Query, vars []string, funcs map[string]Func) *Plan {
	b := &builder{funcs: funcs, vars: vars}
	root := b.query(q)
	if root == nil {
		return nil
	}
	return &Plan{root: root, vars: len(vars)}
}

// Run gives every value of the expression; ok is false where gojq has to evaluate
// it.
func (p *Plan) Run(s *Scope, in any) (values []any, ok bool) {
	if len(s.Vars) < p.vars {
		return nil, false
	}
	if p.root.one != nil {
		value, err := p.root.one(s, in)
		return []any{value}, err == nil
	}
	err := p.root.each(s, in, func(value any) error {
		if len(values) == maxValues {
			return errBeyond
		}
		values = append(values, value)
		return nil
	})
	return values, err == nil
}

// One gives the value of an expression that always has one; ok is false where it
// may have none or several, and where gojq has to evaluate it.
func (p *Plan) One(s *Scope, in any) (value any, ok bool) {
	if p.root.one == nil || len(s.Vars) < p.vars {
		return nil, false
	}
	value, err := p.root.one(s, in)
	return value, err == nil
}

// step counts a unit of work.
func (s *Scope) step() error {
	if s.steps++; s.steps > maxSteps {
		return errBeyond
	}
	return nil
}

// made counts what was made, in bytes, and the work of it.
func (s *Scope) made(bytes int) error {
	if err := s.work(bytes); err != nil || s.Meter == nil {
		return err
	}
	if s.Err = s.Meter.Bytes(bytes); s.Err != nil {
		return errBeyond
	}
	return nil
}

// work counts the work on some bytes.
func (s *Scope) work(bytes int) error {
	if s.steps += bytes >> 6; s.steps > maxSteps {
		return errBeyond
	}
	return nil
}

// What the parts of a value take in memory, in bytes.
const (
	elementBytes = 24
	objectBytes  = 384
	memberBytes  = 64
)

// set and get reach a variable that the plan binds.
func (s *Scope) set(slot int, value any) {
	for len(s.bound) <= slot {
		s.bound = append(s.bound, nil)
	}
	s.bound[slot] = value
}

func (s *Scope) get(slot int) any {
	if slot < len(s.bound) {
		return s.bound[slot]
	}
	return nil
}

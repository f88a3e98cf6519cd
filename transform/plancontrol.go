package transform

import (
	"errors"

	"github.com/itchyny/gojq"
)

// attempt is "?": a failure gives nothing.
func attempt(body *plan) *plan {
	return &plan{each: func(r *run, in any, emit emitFunc) error {
		var down error
		err := body.each(r, in, func(value any) error {
			down = emit(value)
			return down
		})
		if down == nil && errors.Is(err, errFails) {
			return nil
		}
		return err
	}}
}

func (p *planner) conditional(i *gojq.If) *plan {
	cond, then := p.plan(i.Cond), p.plan(i.Then)
	otherwise := single(func(_ *run, in any) (any, error) { return in, nil })
	switch {
	case len(i.Elif) > 0:
		otherwise = p.conditional(&gojq.If{Cond: i.Elif[0].Cond, Then: i.Elif[0].Then, Elif: i.Elif[1:], Else: i.Else})
	case i.Else != nil:
		otherwise = p.plan(i.Else)
	}
	if cond == nil || cond.one == nil || then == nil || otherwise == nil {
		return nil
	}
	if then.one != nil && otherwise.one != nil {
		return single(func(r *run, in any) (any, error) {
			value, err := cond.one(r, in)
			if err != nil {
				return nil, err
			}
			if truth(value) {
				return then.one(r, in)
			}
			return otherwise.one(r, in)
		})
	}
	return &plan{each: func(r *run, in any, emit emitFunc) error {
		value, err := cond.one(r, in)
		if err != nil {
			return err
		}
		if truth(value) {
			return then.each(r, in, emit)
		}
		return otherwise.each(r, in, emit)
	}}
}

func (p *planner) reduce(d *gojq.Reduce) *plan {
	items, start := p.plan(d.Query), p.plan(d.Start)
	if items == nil || start == nil || start.one == nil || len(d.Patterns) != 1 || d.Patterns[0].Name == "" {
		return nil
	}
	slot, leave := p.enter(d.Patterns[0].Name)
	update := p.plan(d.Update)
	leave()
	if update == nil || update.one == nil {
		return nil
	}
	return single(func(r *run, in any) (any, error) {
		state, err := start.one(r, in)
		if err != nil {
			return nil, err
		}
		err = items.each(r, in, func(value any) error {
			r.set(slot, value)
			state, err = update.one(r, state)
			return err
		})
		return state, err
	})
}

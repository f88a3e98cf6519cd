package mapping

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"mayfly/transform/mapping/plan"
	"mayfly/transform/message"
)

// maxMappingTime bounds the time that gojq has for the expressions of one request.
const maxMappingTime = 250 * time.Millisecond

// Run evaluates the expressions of a source for one request. It serves one
// goroutine.
type Run struct {
	// Observe, where it is set, is told what each expression gave.
	Observe func(e *Expression, values []any, err error)

	parent context.Context
	ctx    context.Context // with the limit of time; made when gojq is first needed
	cancel context.CancelFunc
	scope  plan.Scope    // its variables: $request, and those that were bound
	spent  time.Duration // by the machine
}

// NewRun starts an evaluation. request is the value of $request.
func NewRun(ctx context.Context, request any) *Run {
	r := &Run{parent: ctx}
	r.scope.Vars = append(make([]any, 0, 8), request)
	return r
}

// Count has a meter count the memory that values take.
func (r *Run) Count(m *message.Meter) { r.scope.Meter = m }

// Done frees what the evaluation holds.
func (r *Run) Done() {
	if r.cancel != nil {
		r.cancel()
	}
}

// Bind gives the next variable its value.
func (r *Run) Bind(value any) { r.scope.Vars = append(r.scope.Vars, value) }

// Unbind forgets all variables but $request.
func (r *Run) Unbind() { r.scope.Vars = r.scope.Vars[:1] }

// limited gives the context of gojq: its expressions may not end.
func (r *Run) limited() context.Context {
	if r.ctx == nil {
		r.ctx, r.cancel = context.WithTimeout(r.parent, maxMappingTime)
	}
	return r.ctx
}

// All gives every value of an expression; a missing one gives its input.
func (r *Run) All(e *Expression, input any) ([]any, error) {
	if e == nil {
		return []any{input}, nil
	}
	values, ok := r.planned(e, input)
	err := r.scope.Err
	if !ok && err == nil {
		values, err = r.machine(e, input)
	}
	if r.Observe != nil {
		r.Observe(e, values, err)
	}
	return values, err
}

// planned evaluates by the plan.
func (r *Run) planned(e *Expression, input any) (values []any, ok bool) {
	if e.plan == nil {
		return nil, false
	}
	return e.plan.Run(&r.scope, input)
}

// One gives the only value of an expression; none, or no expression, is null.
func (r *Run) One(e *Expression, input any) (any, error) {
	if e == nil {
		return nil, nil
	}
	if e.plan != nil && r.Observe == nil {
		if value, ok := e.plan.One(&r.scope, input); ok {
			return value, nil
		}
	}
	values, err := r.All(e, input)
	switch {
	case err != nil || len(values) == 0:
		return nil, err
	case len(values) > 1:
		return nil, e.Wrong(fmt.Sprintf("gives %d values, one is wanted", len(values)), values[1])
	}
	return values[0], nil
}

// Truth tells whether an expression holds.
func (r *Run) Truth(e *Expression, input any) (bool, error) {
	value, err := r.One(e, input)
	return value != nil && value != false, err
}

// Text gives a scalar as text; null is empty.
func (r *Run) Text(e *Expression, input any) (string, error) {
	value, err := r.One(e, input)
	if err != nil {
		return "", err
	}
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	case bool, int, float64, *big.Int:
		text, err := message.Marshal(value)
		return string(text), err
	}
	return "", e.Wrong("must give a string, a number or a boolean, not "+message.TypeName(value), value)
}

// Time gives a point in time; ok is false where there is none: null, or an empty text. Of
// several values it is the first that can be right at the time of arrival, else the first.
func (r *Run) Time(e *Expression, input any, zone message.Zone, arrival time.Time) (at time.Time, ok bool, err error) {
	if e == nil {
		return at, false, nil
	}
	values, err := r.few(e, input)
	if err != nil {
		return at, false, err
	}
	var wrong error
	for _, value := range values {
		text, isScalar := message.ScalarText(value)
		if value == nil || isScalar && strings.TrimSpace(text) == "" {
			continue
		}
		if !isScalar {
			wrong = cmp.Or(wrong, error(e.Wrong("must give a time, not "+message.TypeName(value), value)))
			continue
		}
		read, err := message.ParseTime(text, zone)
		switch {
		case err != nil:
			wrong = cmp.Or(wrong, error(e.Wrong(err.Error(), text)))
		case message.Clock(read, arrival) == "":
			return read, true, nil
		case !ok:
			at, ok = read, true
		}
	}
	if ok {
		wrong = nil
	}
	return at, ok, wrong
}

// few is All for an expression that mostly gives one value.
func (r *Run) few(e *Expression, input any) ([]any, error) {
	if e.plan != nil && r.Observe == nil {
		if value, ok := e.plan.One(&r.scope, input); ok {
			return []any{value}, nil
		}
	}
	return r.All(e, input)
}

// Object gives an object; null is nil.
func (r *Run) Object(e *Expression, input any) (map[string]any, error) {
	value, err := r.One(e, input)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok && value != nil {
		return nil, e.Wrong("must give an object, not "+message.TypeName(value), value)
	}
	return object, nil
}

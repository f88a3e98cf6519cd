package mapping

import "context"

// BothWays evaluates an expression by its plan and by gojq, for tests. vars are
// the values of $request and of what let has. planned is false where gojq has to
// evaluate it.
func BothWays(ctx context.Context, e *Expression, vars []any, in any) (plan []any, planned bool, jq []any, err error) {
	r := NewRun(ctx, vars[0])
	defer r.Done()
	for _, value := range vars[1:] {
		r.Bind(value)
	}
	plan, planned = r.planned(e, in)
	jq, err = r.machine(e, in)
	return plan, planned, jq, err
}

// Planned evaluates an expression by its plan alone.
func Planned(ctx context.Context, e *Expression, in any) (plan []any, planned bool) {
	r := NewRun(ctx, nil)
	defer r.Done()
	return r.planned(e, in)
}

// HasPlan tells whether an expression has a plan.
func HasPlan(e *Expression) bool { return e.plan != nil }

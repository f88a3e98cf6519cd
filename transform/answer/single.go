package answer

import (
	"context"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Single is one reply of a success that has a variable of its own in place of $outcome, compiled.
type Single struct{ reply reply }

// CompileSingle makes a reply, or tells all that is wrong with it. variable is as in $commands.
func CompileSingle(l *mapping.Language, prefix string, r *Reply, variable string) (*Single, message.Faults) {
	s := &Single{}
	faults := s.reply.compile(l, prefix, r, []string{variable})
	if n := s.reply.fixed; n != 0 && !allowedStatus(Stored, n) {
		faults = append(faults, &message.Fault{Field: prefix + "status", Problem: statusRange[Stored]})
	}
	return s, faults
}

// Reply makes the answer. value is that of the variable.
func (s *Single) Reply(ctx context.Context, r Request, value any) (Replied, error) {
	e := &evaluation{Request: r, ctx: ctx, variable: value}
	defer e.done()
	return e.reply(&s.reply)
}

package codecworker

import (
	"context"
	"errors"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

var _ mapping.Machine = (*Pool)(nil)

// maxInput bounds the input and the variables of an expression, as they are written.
const maxInput = 8 << 20

// program is a [mapping.Program] on its way.
type program struct {
	_    struct{} `cbor:",toarray"`
	Text string
	Vars []string
	Zone string
}

// Evaluate implements [mapping.Machine]: gojq runs in a worker, which is killed when it
// does not end in time or takes too much memory.
func (p *Pool) Evaluate(
	ctx context.Context, of *mapping.Program, vars []any, in any, limit time.Duration,
) (values []any, spent time.Duration, err error) {
	input, err := appendValue(nil, append([]any{in}, vars...), maxInput, 0)
	if err != nil {
		return nil, 0, mapping.ErrMemory
	}
	s := &script{
		pool: p, source: []byte(of.Text), hash: of.Key,
		program: &program{Text: of.Text, Vars: of.Vars, Zone: of.Zone},
		tables:  of.Tables,
	}
	err = s.onWorker(ctx, func(worker *process) (err error) {
		values, spent, err = worker.evaluate(ctx, s, input, limit)
		return err
	})
	failed, ok := errors.AsType[*codec.Error](err)
	switch {
	case ok && failed.Kind == codec.Timeout && ctx.Err() != nil:
		return nil, spent, ctx.Err()
	case ok && failed.Kind == codec.Timeout:
		return nil, limit, context.DeadlineExceeded
	case ok && failed.Kind == codec.Memory:
		return nil, spent, mapping.ErrMemory
	case ok && failed.Kind == codec.Threw: // its process ended, as by a stack that is too deep
		return nil, spent, &mapping.EvalError{Text: failed.Text, Brief: failed.Text}
	}
	return values, spent, err
}

// evaluate runs an expression that the worker holds.
func (p *process) evaluate(ctx context.Context, s *script, input []byte, limit time.Duration) (
	[]any, time.Duration, error,
) {
	p.tables = s.tables
	defer func() { p.tables = nil }()
	r := &request{Op: opEvaluate, Script: p.scripts.use(s.hash), Input: input, Limit: int64(limit)}
	a, err := p.exchange(ctx, r, limit)
	if err != nil {
		return nil, 0, err
	}
	spent := time.Duration(a.Spent)
	switch err := a.err(); {
	case a.Failed:
		return nil, spent, &mapping.EvalError{Text: a.Text, Brief: a.Brief, NotBytes: a.NotBytes}
	case err != nil:
		return nil, spent, err
	}
	values, err := readValues(a.Values)
	if err != nil {
		return nil, spent, failure(codec.Memory, "the expression gives too many values")
	}
	if len(values) == 0 {
		values = nil
	}
	return values, spent, nil
}

// evaluate answers opEvaluate.
func (w *worker) evaluate(r *request) *answer {
	code := w.programs[r.Script]
	input, err := readValues(r.Input)
	if code == nil || err != nil || len(input) == 0 {
		return failed(codec.Unavailable, errors.New("the expression is not loaded, or has no input"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Limit))
	defer cancel()
	start := time.Now() //nolint:forbidigo // a worker is a program of its own
	values, err := code.Evaluate(ctx, input[1:], input[0])
	a := &answer{Spent: int64(time.Since(start))} //nolint:forbidigo // likewise
	own, ok := errors.AsType[*mapping.EvalError](err)
	switch {
	case message.Is(err, message.Busy): // of row: the parent knows why
		a.Kind, a.Text = string(codec.Unavailable), err.Error()
	case ok:
		a.Failed, a.Text, a.Brief, a.NotBytes = true, shortened(own.Text), shortened(own.Brief), own.NotBytes
	case err != nil:
		a.Kind, a.Text = string(codec.Timeout), "the expression takes too long"
	default:
		if a.Values, err = appendValue(nil, values, maxFrame/2, 0); err != nil {
			a.Kind, a.Text, a.Values = string(codec.Memory), "the expression gives too much", nil
		}
	}
	return a
}

// shortened bounds the text of an error, which may hold values.
func shortened(text string) string { return text[:min(len(text), 4096)] }

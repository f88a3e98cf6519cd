package enriching

import (
	"context"
	"time"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/tables"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
)

// Finder has the rows of a table or of a look-up. It is safe for concurrent use.
type Finder interface {
	// Find returns the row of a key, which is any value of jq but null. The error says why nobody can tell whether
	// there is one; ctx has the deadline of the request.
	Find(ctx context.Context, key any) (Found, error)
}

// Found is what there is for a key.
type Found struct {
	Row   enrich.Row // nil: there is none
	Stale bool       // the row is out of date, and there is no newer one at present
}

// Options are what an Enricher is made of.
type Options struct {
	Steps   *enrich.Lists
	Tables  map[string]Finder                         // by name
	Lookups Looker                                    // nil without look-ups
	Count   func(step string, outcome enrich.Outcome) // may be nil
	Now     func() time.Time                          // the clock of Try
}

// Enricher adds to messages.
type Enricher struct{ *Options }

// New returns nil where there are no steps: nothing is to be done then.
func New(o *Options) *Enricher {
	if o.Steps == nil || len(o.Steps.All()) == 0 {
		return nil
	}
	return &Enricher{o}
}

// Request is the messages of one request.
type Request struct {
	Source   string // empty for messages in Mayfly's own formats
	Messages []*message.Message
	Until    time.Time    // look-ups are waited for until then
	Room     message.Room // is asked for what the messages grow by; may be nil
}

// Enrich applies the steps to the messages of a request, in place. Of each message it returns why it must not go, if it
// must not: an [enrich.MissingError], an [enrich.FailedError], or the error of an expression.
func (e *Enricher) Enrich(ctx context.Context, rq *Request) []error {
	errs := make([]error, len(rq.Messages))
	if e.Lookups != nil && len(rq.Messages) > 1 {
		e.abreast(ctx, rq, errs)
		return errs
	}
	for i, m := range rq.Messages {
		errs[i] = e.message(ctx, rq, m, nil)
	}
	return errs
}

// message applies the steps to one message. observe, where it is not nil, is told of each.
func (e *Enricher) message(
	ctx context.Context, rq *Request, m *message.Message, observe func(enrich.Result),
) (err error) {
	steps := e.Steps.For(rq.Source, m.Fleet)
	if len(steps) == 0 {
		return nil
	}
	before := size(m)
	d := enrich.NewDocument(ctx, m)
	defer func() {
		if wrong := d.Close(); err == nil {
			err = wrong
		}
		if grown := size(m) - before; err == nil && grown > 0 && rq.Room != nil {
			err = rq.Room.Take(grown)
		}
	}()
	for _, step := range steps {
		result, err := e.step(ctx, step, d, rq.Until)
		if result.Step == "" {
			return err // of the expression
		}
		if e.Count != nil {
			e.Count(result.Step, result.Outcome)
		}
		if observe != nil {
			observe(result)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// size is what a message takes that enriching changes: its body twice, since it is written into an event.
func size(m *message.Message) int64 {
	n := 2 * len(m.Body)
	for name, value := range m.Properties {
		n += 2 * (len(name) + len(value))
	}
	return int64(n)
}

// step applies a step.
func (e *Enricher) step(
	ctx context.Context, step *enrich.Compiled, d *enrich.Document, until time.Time,
) (enrich.Result, error) {
	if step.Lookup != "" {
		return e.lookUp(ctx, step, d, until)
	}
	key, err := step.Key(d)
	if err != nil {
		return enrich.Result{}, err
	}
	finder := e.Tables[step.Table]
	var found Found
	if key != nil && finder != nil {
		if found, err = finder.Find(ctx, key); err != nil {
			return step.Fail(d, key, err)
		}
	}
	result, err := step.Put(d, key, found.Row)
	if found.Stale && result.Outcome == enrich.Hit {
		result.Outcome = enrich.Stale
	}
	return result, err
}

// Rows is a table as a Finder.
type Rows struct{ *tables.Table }

// Find implements [Finder].
func (r Rows) Find(ctx context.Context, key any) (Found, error) {
	rows, err := r.Use(ctx)
	if err != nil {
		return Found{}, &problem.Error{
			Code: problem.LookupUnreachable, Detail: "the table " + r.Name + " could not be read yet", Cause: err,
		}
	}
	if row, ok := rows.Find(key); ok {
		return Found{Row: row}, nil
	}
	return Found{}, nil
}

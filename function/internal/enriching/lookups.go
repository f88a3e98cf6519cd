package enriching

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mayfly/function/internal/lookup"
	"mayfly/function/internal/problem"
	"mayfly/transform/enrich"
)

// Looker has the answers of look-ups. It is safe for concurrent use.
type Looker interface {
	Get(ctx context.Context, name string, in *lookup.Input) lookup.Result
}

// maxAbreast bounds the messages of one request that are worked on side by side.
const maxAbreast = 8

// abreast applies the steps to several messages, some of them at a time: look-ups have to be waited for.
func (e *Enricher) abreast(ctx context.Context, rq *Request, errs []error) {
	var wg sync.WaitGroup
	places := make(chan struct{}, maxAbreast)
	for i, m := range rq.Messages {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			defer func() {
				if v := recover(); v != nil { // nobody else would catch it here
					errs[i] = &problem.Error{Code: problem.Internal, Cause: fmt.Errorf("enrich panicked: %v", v)}
				}
			}()
			errs[i] = e.message(ctx, rq, m, nil)
		})
	}
	wg.Wait()
}

// sending is what the rest of a request needs of the sender's patience.
const sending = 1500 * time.Millisecond

// Until says how long look-ups are waited for: the sender waits until answerBy, and the message has to be sent by then.
func Until(ctx context.Context, now, answerBy time.Time) time.Time {
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(answerBy) {
		answerBy = deadline
	}
	left := answerBy.Sub(now)
	return now.Add(max(left-min(sending, left/2), 0))
}

// lookUp applies a step that asks a look-up.
func (e *Enricher) lookUp(
	ctx context.Context, step *enrich.Compiled, d *enrich.Document, until time.Time,
) (enrich.Result, error) {
	in := &lookup.Input{Keyed: step.HasKey(), Until: until}
	var err error
	if in.Keyed {
		if in.Key, err = step.Key(d); err != nil {
			return enrich.Result{}, err
		}
	}
	measurements, about, err := d.Values()
	if err != nil {
		return enrich.Result{}, err
	}
	in.Measurements, in.Message = measurements, about
	if e.Lookups == nil {
		return step.Put(d, in.Key, nil)
	}
	got := e.Lookups.Get(ctx, step.Lookup, in)
	if got.State == lookup.Failed {
		if got.Err.Kind == lookup.NotFound && step.Missing.Said {
			return step.Put(d, in.Key, nil)
		}
		result, err := step.Fail(d, in.Key, failure(got.Err))
		result.Error = got.Err.Error()
		return result, err
	}
	result, err := step.Put(d, in.Key, rowOf(step.Lookup, got.Value))
	if got.State == lookup.Stale && result.Outcome == enrich.Hit {
		result.Outcome, result.Error = enrich.Stale, got.Err.Error()
	}
	return result, err
}

// failure is the answer for a message that is refused because a look-up has failed: it says who failed, and whether to
// send again helps.
func failure(err *lookup.Error) error {
	p := &problem.Error{
		Code: problem.LookupRefused, Detail: err.Error(), Cause: errors.New(err.Kind.Name()),
		RetryAfter: err.RetryAfter,
	}
	switch {
	case err.Kind == lookup.Late:
		p.Code = problem.LookupTimeout
	case err.Kind == lookup.Expression:
		p.Code = problem.InvalidMessage
	case err.Kind.Retryable():
		p.Code = problem.LookupUnreachable
	}
	if err.Kind == lookup.NoKey {
		p.Cause = err.Err // others may show values and URLs
	}
	return p
}

// rowOf makes a row of an answer; nil where there is none. What is not an object is one field with the look-up's name.
func rowOf(name string, value any) enrich.Row {
	switch value := value.(type) {
	case nil:
		return nil
	case map[string]any:
		return answer(value)
	}
	return answer{name: value}
}

// answer is the answer of a look-up as a row. Others see the same answer, so that lists and objects in it are copied.
type answer map[string]any

// Names implements [enrich.Row].
func (a answer) Names() []string { return slices.Sorted(maps.Keys(a)) }

// Value implements [enrich.Row].
func (a answer) Value(name string) any { return clone(a[name]) }

func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for name, member := range value {
			out[name] = clone(member)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, element := range value {
			out[i] = clone(element)
		}
		return out
	}
	return value
}

package durable

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mayfly/function/internal/delivery"
	"mayfly/function/internal/failure"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
	"mayfly/transform/message"
)

// Options is what an Acceptor is made of.
type Options struct {
	Queue    queue.Queue
	Codec    *entry.Codec
	Delivery interface {
		Deliver(ctx context.Context, rq *delivery.Request) delivery.Outcome
		Admit(ctx context.Context, messages []message.Message) []error
	}
	Metrics *metrics.Set // may be nil
	Log     *slog.Logger
	Now     func() time.Time
}

// Acceptor brings messages to the hub or to the queue.
type Acceptor struct {
	Options
	behind  behind
	start   start
	flights flights
	state   state
}

// New makes an Acceptor.
func New(o *Options) *Acceptor {
	a := &Acceptor{Options: *o}
	a.collect()
	return a
}

// Request is the messages of one request, and how they are accepted.
type Request struct {
	delivery.Request
	Mode   queue.Mode // not ModeDefault
	Caller string     // whom they were authorized for; empty where nobody is known
}

// Outcome tells how the messages of a request fared.
type Outcome struct {
	delivery.Outcome        // a result of nil: the hub has stored the message, or the queue has
	Queued           []bool // which messages the queue has stored; nil: none
}

const (
	// The queue has a quarter of what is left of the sender's patience, within these bounds.
	minReserve = 300 * time.Millisecond
	maxReserve = time.Second
)

// Deliver brings the messages of a request to the hub or to the queue. It ends with ctx at the latest.
func (a *Acceptor) Deliver(ctx context.Context, rq *Request) Outcome {
	switch rq.Mode {
	case queue.ModeAlways:
		return a.always(ctx, rq)
	case queue.ModeFallback:
		return a.fallback(ctx, rq)
	case queue.ModeDefault, queue.ModeNever:
	}
	return Outcome{Outcome: a.Delivery.Deliver(ctx, &rq.Request)}
}

// always queues all messages.
func (a *Acceptor) always(ctx context.Context, rq *Request) Outcome {
	out := Outcome{Outcome: delivery.Outcome{
		Results: a.Delivery.Admit(ctx, rq.Messages), Devices: countDevices(rq.Messages),
	}}
	p := putting{Acceptor: a, request: rq, out: &out}
	for i, err := range out.Results {
		if err == nil {
			p.add(i)
		}
	}
	p.put(ctx)
	return out
}

// try is a request under way in fallback.
type try struct {
	request *Request
	by      time.Time     // how long the hub is tried
	reserve time.Duration // for the queue, after that
	own     *flight
}

// fallback tries the hub first.
func (a *Acceptor) fallback(ctx context.Context, rq *Request) Outcome {
	by, reserve := a.until(ctx, rq)
	own := a.flights.begin(rq.Messages, a.Now())
	defer a.flights.end(own)
	inTime, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	own.waitSlow(inTime, a.Now())
	t := &try{request: rq, by: by, reserve: reserve, own: own}
	if now := a.Now(); by.After(now) && a.start.queueFirst(now) {
		return a.queueThenHub(ctx, t)
	}
	return a.hubThenQueue(ctx, t)
}

func (a *Acceptor) hubThenQueue(ctx context.Context, t *try) Outcome {
	var out Outcome
	rq, by := t.request, t.by
	p := putting{Acceptor: a, request: rq, out: &out}
	direct := a.split(rq, by)
	if len(direct) == len(rq.Messages) {
		out.Outcome = a.direct(ctx, rq, rq.Messages, by)
	} else {
		out.Results, out.Devices = make([]error, len(rq.Messages)), countDevices(rq.Messages)
		messages := make([]message.Message, len(direct))
		for i, at := range direct {
			messages[i] = rq.Messages[at]
		}
		got := a.direct(ctx, rq, messages, by)
		out.Repeated = got.Repeated
		for i, at := range direct {
			out.Results[at] = got.Results[i]
		}
		a.admitRest(ctx, rq, direct, &out)
		at := 0
		for i := range rq.Messages {
			if at < len(direct) && direct[at] == i {
				at++
			} else if out.Results[i] == nil {
				p.add(i)
			}
		}
	}
	for _, i := range direct {
		if err := out.Results[i]; err != nil && a.heals(ctx, err, by) {
			p.add(i)
		}
	}
	if len(p.of) > 0 {
		last, end := context.WithDeadline(ctx, by.Add(t.reserve/2))
		t.own.waitAll(last) // they come before it in the queue, too
		end()
	}
	p.put(ctx)
	return out
}

// until tells how long the hub is tried, and how much time that leaves the queue.
func (a *Acceptor) until(ctx context.Context, rq *Request) (by time.Time, reserve time.Duration) {
	by = rq.AnswerBy
	if end, ok := ctx.Deadline(); ok && (by.IsZero() || end.Before(by)) {
		by = end
	}
	reserve = min(max(by.Sub(a.Now())/4, minReserve), maxReserve)
	return by.Add(-reserve), reserve
}

// split gives the messages that are tried at the hub: those of devices that have nothing in the queue.
func (a *Acceptor) split(rq *Request, by time.Time) (direct []int) {
	if !by.After(a.Now()) { // no time for the hub
		return nil
	}
	a.behind.look(a)
	direct = make([]int, 0, len(rq.Messages))
	for i := range rq.Messages {
		if !a.behind.is(entry.Key(&rq.Messages[i])) {
			direct = append(direct, i)
		}
	}
	return direct
}

func (a *Acceptor) direct(ctx context.Context, rq *Request, messages []message.Message, by time.Time) delivery.Outcome {
	if len(messages) == 0 {
		return delivery.Outcome{}
	}
	ctx, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	return a.Delivery.Deliver(ctx, &delivery.Request{
		Source: rq.Source, Messages: messages, Arrived: rq.Arrived, AnswerBy: by, Admitted: rq.Admitted,
	})
}

// admitRest checks the messages that go to the queue without a try.
func (a *Acceptor) admitRest(ctx context.Context, rq *Request, direct []int, out *Outcome) {
	if rq.Admitted {
		return
	}
	var messages []message.Message
	var of []int
	at := 0
	for i := range rq.Messages {
		if at < len(direct) && direct[at] == i {
			at++
			continue
		}
		messages, of = append(messages, rq.Messages[i]), append(of, i)
	}
	for i, err := range a.Delivery.Admit(ctx, messages) {
		out.Results[of[i]] = err
	}
}

// heals tells whether a failure is worth another try, later.
func (a *Acceptor) heals(ctx context.Context, err error, by time.Time) bool {
	over, cancel := context.WithDeadline(ctx, by) // as the try had it
	defer cancel()
	p := failure.Of(over, err, a.Now())
	return p.Retryable && p.Code != problem.SlowDown
}

func countDevices(messages []message.Message) int {
	if len(messages) == 1 {
		return 1
	}
	seen := make(map[string]bool, len(messages))
	for i := range messages {
		seen[entry.Key(&messages[i])] = true
	}
	return len(seen)
}

// putError makes the error of a message that the queue has not stored. before is what the hub's failure was; nil
// where it was not tried.
func putError(err, before error) error {
	out := &problem.Error{Code: problem.QueueUnavailable, Detail: "the queue cannot be reached", Cause: err}
	if wrong, ok := errors.AsType[*entry.Error](err); ok {
		return &problem.Error{Code: problem.InvalidMessage, Detail: wrong.Error()}
	}
	failed, ok := errors.AsType[*queue.Error](err)
	if !ok {
		return err // of the store of the signing key
	}
	switch failed.Kind {
	case queue.Full:
		out.Code, out.Detail = problem.QueueFull, "the queue is full"
	case queue.Denied:
		out.Code, out.Detail = problem.QueueRefused, "the queue denies access to the bridge"
	case queue.Missing:
		out.Code, out.Detail = problem.QueueRefused, "the queue does not exist"
	case queue.ReadOnly:
		out.Code, out.Detail = problem.QueueRefused, "the disk of the queue is read-only"
	case queue.Unavailable, queue.TooLarge, queue.NoItem, queue.LeaseLost:
	}
	if before != nil {
		out.Detail += ", and the hub does not take the message now"
		out.Cause = errors.Join(err, before)
	}
	return out
}

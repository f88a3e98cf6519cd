package durable

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/queue"
)

// againInterval is how often the queue is asked at the start, until it answers.
const againInterval = time.Second

// start is what is known of what a process before this one has left in the queue.
type start struct {
	mu     sync.Mutex
	unsure bool      // the queue has not answered yet
	since  time.Time // when that began
	away   time.Time // when the queue did not take a message meanwhile
}

// Begin looks for what a process before this one has left in the queue: later messages of its devices must not overtake
// it. Where the queue does not answer, Watch asks again; until it does, messages go to the queue first, and to the hub
// if it does not take them. Begin tells whether it has answered.
func (a *Acceptor) Begin() bool {
	a.start.mu.Lock()
	a.start.unsure, a.start.since = true, a.Now()
	a.start.mu.Unlock()
	_, _ = a.Look() // it tells the log itself
	return !a.start.is()
}

func (s *start) is() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsure
}

// learn takes note of how full the queue was. Only its first answer counts.
func (a *Acceptor) learn(d queue.Depth, asked time.Time) {
	a.start.mu.Lock()
	defer a.start.mu.Unlock()
	if a.start.unsure && d.Items > 0 {
		a.behind.found(asked)
	}
	a.start.unsure = false
}

// queueFirst tells whether messages go to the queue first, as long as nobody knows what is there. A queue that has not
// taken one has a pause.
func (s *start) queueFirst(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsure && now.Sub(s.since) < maxUnsure && now.Sub(s.away) >= lookInterval
}

func (s *start) isAway(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = now
}

// queueThenHub has messages queued, and tries the hub with those that the queue does not take.
func (a *Acceptor) queueThenHub(ctx context.Context, t *try) Outcome {
	rq := t.request
	out := Outcome{}
	out.Results, out.Devices = a.Delivery.Admit(ctx, rq.Messages), countDevices(rq.Messages)
	p := putting{Acceptor: a, request: rq, out: &out}
	for i, err := range out.Results {
		if err == nil {
			p.add(i)
		}
	}
	now := a.Now()
	patience := min(maxReserve, t.by.Sub(now)/2)
	short, cancel := context.WithDeadline(ctx, now.Add(patience))
	defer cancel()
	wait, end := context.WithDeadline(short, now.Add(patience/2))
	t.own.waitAll(wait) // they come before it in the queue, too
	end()
	p.put(short)
	a.hubInstead(ctx, t, &p)
	return out
}

// hubInstead tries the hub with what the queue has not taken.
func (a *Acceptor) hubInstead(ctx context.Context, t *try, p *putting) {
	rq, out := t.request, p.out
	rest := *rq
	rest.Messages, rest.Admitted = nil, true
	var of []int
	for _, i := range p.of {
		if err := out.Results[i]; err != nil {
			rest.Messages, of = append(rest.Messages, rq.Messages[i]), append(of, i)
			if p, ok := errors.AsType[*problem.Error](err); ok && p.Code != problem.QueueItemTooLarge {
				a.start.isAway(a.Now())
			}
		}
	}
	if len(of) == 0 {
		return
	}
	got := a.hubThenQueue(ctx, &try{request: &rest, by: t.by, reserve: t.reserve, own: t.own})
	out.Repeated = got.Repeated
	queued := out.Queued
	if queued == nil {
		queued = make([]bool, len(rq.Messages))
	}
	for n, i := range of {
		out.Results[i] = got.Results[n]
		if got.Queued != nil && got.Queued[n] {
			queued[i] = true
			out.Queued = queued
		}
	}
}

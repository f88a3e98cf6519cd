package jetstream

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"mayfly/function/internal/queue"
)

// handle is what a lease refers to.
type handle struct {
	p     *partition
	e     *entry
	tries int
}

// Receive leases items, of each partition in turn.
func (q *Queue) Receive(ctx context.Context, n int) ([]*queue.Leased, error) {
	if err := q.start(ctx); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.receivers++
	q.wake()
	defer func() {
		q.receivers--
		q.lastCall = q.o.Now()
	}()
	for {
		if q.ctx.Err() != nil {
			return nil, q.fail(queue.Unavailable, errors.New("the queue is closed"))
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		taken, next := q.take(n)
		if len(taken) > 0 {
			return taken, nil
		}
		if q.trouble != nil {
			return nil, q.trouble
		}
		q.wait(ctx, next)
	}
}

// wait waits for a change, or until a time. q.mu is held, but not meanwhile.
func (q *Queue) wait(ctx context.Context, until time.Time) {
	changed := q.changed
	q.mu.Unlock()
	defer q.mu.Lock()
	var due <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(until.Sub(q.o.Now()))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-changed:
	case <-due:
	case <-ctx.Done():
	case <-q.ctx.Done():
	}
}

// take leases up to n items, or tells when the next one may be ready. q.mu is held.
func (q *Queue) take(n int) (taken []*queue.Leased, next time.Time) {
	now := q.o.Now()
	until := now.Add(q.target.lease)
	for i := range q.parts {
		p := q.parts[(q.turn+i)%len(q.parts)]
		giveBack(p.hand.lapse(now))
		for _, e := range p.hand.take(n-len(taken), until) {
			taken = append(taken, &queue.Leased{
				Item: e.item, Put: e.put, Attempts: e.tries, Handle: &handle{p, e, e.tries},
			})
		}
		if at := p.hand.next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
		if len(taken) == n {
			break
		}
	}
	q.turn++
	return taken, next
}

// start makes the partitions of a queue that has never been received from.
func (q *Queue) start(ctx context.Context) error {
	q.mu.Lock()
	started := len(q.parts) > 0
	q.mu.Unlock()
	if started {
		return nil
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, err := q.session(call)
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if err == nil {
		q.begin(s.partitions)
	}
	return err
}

func (q *Queue) begin(partitions int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.parts) > 0 || q.ctx.Err() != nil {
		return
	}
	q.lastCall = q.o.Now()
	for i := range partitions {
		p := &partition{q: q, index: i, hand: hand{held: true}}
		q.parts = append(q.parts, p)
		q.wg.Go(p.run)
	}
	q.wg.Go(q.keep)
}

// Extend lets leases last for d from now.
func (q *Queue) Extend(_ context.Context, items []*queue.Leased, d time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	lost := 0
	for _, item := range items {
		if h := q.holding(item); h != nil {
			h.e.until = q.o.Now().Add(d)
		} else {
			lost++
		}
	}
	q.wake()
	return q.lost(lost)
}

// holding gives the handle of a lease that has not ended, or nil. q.mu is held.
func (q *Queue) holding(item *queue.Leased) *handle {
	h, ok := item.Handle.(*handle)
	if !ok || h.p.q != q || h.e.gone || h.e.state != leased || h.e.tries != h.tries ||
		!h.e.until.After(q.o.Now()) {
		return nil
	}
	return h
}

// last gives the handle of a lease that has not ended, or that nobody has had since, or nil. q.mu is held.
func (q *Queue) last(item *queue.Leased) *handle {
	h, ok := item.Handle.(*handle)
	if !ok || h.p.q != q || h.e.gone || h.e.tries != h.tries || h.e.state != leased && h.e.state != ready {
		return nil
	}
	return h
}

func (q *Queue) lost(n int) error {
	if n == 0 {
		return nil
	}
	return q.fail(queue.LeaseLost, nil)
}

// Delete acknowledges items, and waits until the server has taken note. One whose lease has ended is deleted all the
// same, unless somebody else has it now: it is delivered.
func (q *Queue) Delete(ctx context.Context, items []*queue.Leased) error {
	held, lost := q.settle(items)
	return errors.Join(q.acknowledge(ctx, held), q.lost(lost))
}

// settle marks items of which the server will be told that they are done.
func (q *Queue) settle(items []*queue.Leased) (held []*handle, lost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, item := range items {
		if h := q.last(item); h != nil {
			h.e.state = settled
			held = append(held, h)
		} else {
			lost++
		}
	}
	return held, lost
}

// acknowledge acknowledges settled entries side by side. Those that the server does not confirm are leased again until
// their time ends.
func (q *Queue) acknowledge(ctx context.Context, held []*handle) error {
	if len(held) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	done, err := q.confirm(ctx, held)
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, h := range held {
		if !done[i] {
			h.e.state = leased
			continue
		}
		h.p.hand.drop(func(e *entry) bool { return e == h.e })
	}
	q.wake()
	if err != nil {
		return q.failed(ctx, err)
	}
	return nil
}

// confirm acknowledges entries with a single subscription for the server's answers.
func (q *Queue) confirm(ctx context.Context, held []*handle) (done []bool, err error) {
	done = make([]bool, len(held))
	nc, _ := q.link.connection()
	inbox := nc.NewInbox()
	answers, err := nc.SubscribeSync(inbox + ".*")
	if err != nil {
		return done, err
	}
	defer func() { _ = answers.Unsubscribe() }()
	for i, h := range held {
		q.mu.Lock()
		reply := h.e.msg.Reply()
		q.mu.Unlock()
		err := nc.PublishRequest(reply, inbox+"."+strconv.Itoa(i), []byte("+ACK"))
		if err != nil {
			return done, err
		}
	}
	for range held {
		msg, err := answers.NextMsgWithContext(ctx)
		if err != nil {
			return done, err
		}
		if msg.Header.Get("Status") == "503" {
			return done, nats.ErrNoResponders
		}
		if i, err := number(msg.Subject[len(inbox)+1:], 0, len(held)-1); err == nil {
			done[i] = true
		}
	}
	return done, nil
}

// Return gives items again after a time. This process keeps them until then, so that later items of their keys wait.
func (q *Queue) Return(_ context.Context, items []*queue.Leased, after time.Duration) error {
	q.mu.Lock()
	lost := 0
	var dropped []*entry
	for _, item := range items {
		h := q.holding(item)
		switch {
		case h == nil:
			lost++
		case h.e.pin != h.p.hand.pin: // the partition is another's now, who waits for this item
			dropped = append(dropped, h.p.hand.drop(func(e *entry) bool { return e == h.e })...)
		default:
			h.e.state, h.e.until = delayed, q.o.Now().Add(after)
		}
	}
	q.wake()
	q.mu.Unlock()
	giveBack(dropped)
	return q.lost(lost)
}

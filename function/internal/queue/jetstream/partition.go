package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
)

// partition receives the items of one partition, while the server pins it to this process. Its fields are guarded by
// Queue.mu, except for those of the goroutine that pulls.
type partition struct {
	q     *Queue
	index int
	hand  hand

	checking bool      // whether a goroutine asks if the hand is complete
	rest     time.Time // nothing is pulled before: another process was let in

	session  *session // those of the goroutine that pulls
	consumer jetstream.Consumer
}

const (
	pinGroup = "mayfly"
	maxPull  = 5 * time.Second // how long the server keeps a request for items
)

// pull is how long one request for items lasts. A process that makes none for three times as long loses its pins.
func (t *target) pull() time.Duration { return min(maxPull, t.lease/4) }

// ackWait is after what time the server gives items to another process: leases end here earlier, see Queue.keep.
func (t *target) ackWait() time.Duration { return t.lease + t.lease/4 }

func consumerName(partition int) string { return "mayfly-" + strconv.Itoa(partition) }

// run pulls until the queue is closed.
func (p *partition) run() {
	for p.q.ctx.Err() == nil {
		if !p.q.active(p) {
			continue
		}
		err := p.fetch()
		if err != nil {
			p.q.lose(p)
		}
		p.q.report(err)
		if err != nil {
			p.q.pause(retryAfter)
		}
	}
}

// report tells those who wait that nothing can be received, or that it can be again.
func (q *Queue) report(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.trouble = err
	if err != nil {
		q.wake()
	}
}

// fetch makes one request for items, and takes what comes. Its error means that the partition is lost.
func (p *partition) fetch() error {
	ctx, cancel := context.WithTimeout(p.q.ctx, callTimeout)
	defer cancel()
	s, err := p.q.session(ctx)
	if err != nil {
		return err
	}
	if err := p.open(ctx, s); err != nil {
		p.session = nil
		return p.q.failed(ctx, err)
	}
	pull := p.q.target.pull()
	ctx, cancel = context.WithTimeout(p.q.ctx, pull)
	defer cancel()
	batch, err := p.consumer.Fetch(p.q.target.pending, jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(pull/3),
		jetstream.FetchPriorityGroup(pinGroup))
	if err != nil {
		return p.q.fail(kindOf(err), err)
	}
	for msg := range batch.Messages() {
		p.q.received(p, msg)
	}
	err = batch.Error()
	switch {
	case err == nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, jetstream.ErrNoHeartbeat):
		return nil
	case errors.Is(err, jetstream.ErrPinIDMismatch):
		p.q.lose(p)
		return nil
	case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, nats.ErrNoResponders):
		p.session = nil // the stream may be gone
		p.q.link.forget()
	}
	return p.q.fail(kindOf(err), err)
}

// open finds the partition's consumer, or makes it.
func (p *partition) open(ctx context.Context, s *session) error {
	if p.session == s {
		return nil
	}
	t := p.q.target
	if p.index >= s.partitions {
		return fmt.Errorf("the stream has %d partitions now: restart", s.partitions)
	}
	name := consumerName(p.index)
	consumer, err := s.js.CreateOrUpdateConsumer(ctx, t.stream, jetstream.ConsumerConfig{
		Durable: name, FilterSubject: t.subject(p.index), AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: t.ackWait(), MaxDeliver: -1, MaxAckPending: t.pending,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{pinGroup}, PinnedTTL: 3 * t.pull(),
	})
	if err != nil {
		existing, missing := s.js.Consumer(ctx, t.stream, name) // perhaps only an operator may make it
		if missing != nil {
			return err
		}
		c := existing.CachedInfo().Config
		if c.PriorityPolicy != jetstream.PriorityPolicyPinned || c.AckPolicy != jetstream.AckExplicitPolicy {
			return fmt.Errorf("the consumer %s is not of this queue's kind: %w", name, err)
		}
		consumer = existing
	}
	p.session, p.consumer = s, consumer
	return nil
}

// received puts what the server delivered into the hand.
func (q *Queue) received(p *partition, msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		return // not of a consumer
	}
	header := msg.Headers()
	item, err := itemOf(header, msg.Data())
	if err != nil { // not of this program; what it is, whoever reads the entry will see
		item = queue.Item{Key: "\x00", Data: msg.Data()}
	}
	e := &entry{
		seq: meta.Sequence.Stream, dseq: meta.Sequence.Consumer, pin: header.Get("Nats-Pin-Id"), msg: msg, item: item,
		put: meta.Timestamp, tries: toInt(meta.NumDelivered) - 1,
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	p.hand.add(e)
	if p.hand.held && !p.checking {
		p.checking = true
		q.wg.Go(func() { q.check(p) })
	}
	q.wake()
}

// check waits until no other process has an item of the partition, and lets the hand give then.
func (q *Queue) check(p *partition) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		q.mu.Lock()
		pin, before, holds := p.hand.pin, p.hand.steady(), p.hand.holds
		if pin == "" || !p.hand.held || q.ctx.Err() != nil {
			p.checking = false
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		info, err := q.consumerInfo(p)
		q.mu.Lock()
		if err == nil && p.hand.pin == pin &&
			p.hand.complete(before, holds, info.Delivered.Consumer, info.NumAckPending) {
			p.hand.held, p.checking = false, false
			q.wake()
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		q.pause(wait)
	}
}

func (q *Queue) consumerInfo(p *partition) (*jetstream.ConsumerInfo, error) {
	ctx, cancel := context.WithTimeout(q.ctx, callTimeout)
	defer cancel()
	s, err := q.session(ctx)
	if err != nil {
		return nil, err
	}
	consumer, err := s.js.Consumer(ctx, q.target.stream, consumerName(p.index))
	if err != nil {
		return nil, err
	}
	return consumer.CachedInfo(), nil
}

// lose gives up a partition, as far as nobody has a lease of its items.
func (q *Queue) lose(p *partition) {
	q.mu.Lock()
	dropped := p.hand.lose()
	q.mu.Unlock()
	giveBack(dropped)
}

// giveBack lets the server deliver items again at once.
func giveBack(entries []*entry) {
	for _, e := range entries {
		_ = e.msg.Nak() // an item whose message is lost comes again when the server's own lease ends
	}
}

// active waits until the partition is to be pulled: somebody calls Receive, and no other process was let in just now.
func (q *Queue) active(p *partition) bool {
	q.mu.Lock()
	idle := q.receivers == 0 && q.o.Now().Sub(q.lastCall) > q.target.lease
	rest, changed := p.rest.Sub(q.o.Now()), q.changed
	q.mu.Unlock()
	switch {
	case idle:
		select {
		case <-changed:
		case <-q.ctx.Done():
		}
		return false
	case rest > 0:
		q.pause(rest)
		return false
	}
	return true
}

// pause waits, and less when the queue is closed.
func (q *Queue) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.ctx.Done():
	}
}

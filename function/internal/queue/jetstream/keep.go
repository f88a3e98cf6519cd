package jetstream

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// keep extends the server's leases of all that this process holds, while it lives; when a lease of Receive ends, the
// item is given again from the hand. It gives items back when nobody has called Receive for a lease, and lets other
// processes have their share of the partitions.
func (q *Queue) keep() {
	const turns = 4 // in a lease
	next := 0
	for q.ctx.Err() == nil {
		q.pause(q.target.lease / turns)
		q.mu.Lock()
		now := q.o.Now()
		idle := q.receivers == 0 && now.Sub(q.lastCall) > q.target.lease
		var dropped []*entry
		var held []jetstream.Msg // another delivery of an entry replaces its message
		for _, p := range q.parts {
			dropped = append(dropped, p.hand.lapse(now)...)
			if idle {
				dropped = append(dropped, p.hand.lose()...)
			}
			for _, e := range p.hand.entries {
				if e.state != settled {
					held = append(held, e.msg)
				}
			}
		}
		q.wake()
		q.mu.Unlock()
		giveBack(dropped)
		for _, msg := range held {
			_ = msg.InProgress() // the next time comes before the lease ends
		}
		if !idle {
			next = (next + 1) % len(q.parts)
			q.share(q.parts[next])
		}
	}
}

// share lets other processes have partitions when this one has more than its share. How many there are is seen by how
// many wait at a partition.
func (q *Queue) share(p *partition) {
	info, err := q.consumerInfo(p)
	if err != nil || info.NumWaiting < 2 {
		return
	}
	fair := (len(q.parts) + info.NumWaiting - 1) / info.NumWaiting
	var own []*partition
	q.mu.Lock()
	for _, p := range q.parts {
		if p.hand.pin != "" {
			own = append(own, p)
		}
	}
	q.mu.Unlock()
	for len(own) > fair {
		p, own = own[0], own[1:]
		q.yield(p)
	}
}

// yield gives up a partition, and lets others ask for it first.
func (q *Queue) yield(p *partition) {
	ctx, cancel := context.WithTimeout(q.ctx, callTimeout)
	defer cancel()
	s, err := q.session(ctx)
	if err != nil {
		return
	}
	stream, err := s.js.Stream(ctx, q.target.stream)
	if err != nil {
		return
	}
	q.mu.Lock()
	p.rest = q.o.Now().Add(2 * q.target.pull())
	q.mu.Unlock()
	if err := stream.UnpinConsumer(ctx, consumerName(p.index), pinGroup); err == nil {
		q.lose(p)
	}
}

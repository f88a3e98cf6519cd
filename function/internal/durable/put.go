package durable

import (
	"context"
	"errors"
	"fmt"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
)

// putting gathers the messages of a request that go to the queue.
type putting struct {
	*Acceptor
	request *Request
	out     *Outcome
	of      []int // their indexes
}

func (p *putting) add(i int) { p.of = append(p.of, i) }

// put stores the messages that were added, in one call, and sets their results.
func (p *putting) put(ctx context.Context) {
	if len(p.of) == 0 {
		return
	}
	limit := p.Queue.Limits().ItemBytes
	items := make([]queue.Item, 0, len(p.of))
	sent := make([]int, 0, len(p.of))
	for _, i := range p.of {
		m := &p.request.Messages[i]
		data, err := p.Codec.Encode(ctx, &entry.Entry{
			Source: p.request.Source, Caller: p.request.Caller, Accepted: p.Now(), Message: *m,
		})
		switch {
		case err != nil:
			p.failed(i, err)
		case limit > 0 && len(data) > limit:
			p.tooLarge(i, len(data), limit)
		default:
			items = append(items, queue.Item{Key: entry.Key(m), ID: entry.ID(m), Data: data})
			sent = append(sent, i)
		}
	}
	if len(items) == 0 {
		return
	}
	marks := make([]*item, len(items))
	for i := range items { // before the call: what comes meanwhile must not overtake
		marks[i] = p.behind.add(items[i].Key, items[i].ID, p.Now())
	}
	if p.out.Queued == nil {
		p.out.Queued = make([]bool, len(p.request.Messages))
	}
	errs := p.Queue.Put(ctx, items)
	for n, i := range sent {
		if errs != nil && errs[n] != nil {
			p.behind.failed(marks[n], items[n].ID)
			if failed, ok := errors.AsType[*queue.Error](errs[n]); ok && failed.Kind == queue.TooLarge {
				p.tooLarge(i, len(items[n].Data), limit)
				continue
			}
			p.failed(i, errs[n])
			continue
		}
		p.behind.stored(marks[n], p.Now())
		p.out.Results[i], p.out.Queued[i] = nil, true
		p.Metrics.Add(metrics.QueueMessages, 1, p.request.Source, "accepted")
	}
}

func (p *putting) failed(i int, err error) {
	p.out.Results[i] = putError(err, p.out.Results[i])
	p.Metrics.Add(metrics.QueueMessages, 1, p.request.Source, "failed")
}

// tooLarge refuses a message that does not fit into the queue. A retry may help where the hub is tried first: now it
// did not take the message, or was not asked since earlier ones wait in the queue.
func (p *putting) tooLarge(i, size, limit int) {
	err := &problem.Error{Code: problem.QueueItemTooLarge, Detail: fmt.Sprintf(
		"the message of %s takes %d bytes in the queue, which takes %s for each",
		p.request.Messages[i].DeviceID, size, problem.ByteCount(int64(limit)))}
	if p.request.Mode == queue.ModeFallback {
		err.Heals, err.Cause = true, p.out.Results[i]
		err.Detail += "; the hub may take it later"
	}
	p.out.Results[i] = err
	p.Metrics.Add(metrics.QueueMessages, 1, p.request.Source, "failed")
}

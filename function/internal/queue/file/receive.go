package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file/seglog"
	"mayfly/function/internal/queue/order"
)

type entry = order.Entry[*seglog.Item]

// Receive is queue.Queue's.
func (q *Queue) Receive(ctx context.Context, n int) ([]*queue.Leased, error) {
	for {
		entries, changed, wait, err := q.take(ctx, n)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			leased, err := q.read(entries)
			if len(leased) > 0 || err != nil {
				return leased, err
			}
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// take leases what is free; where nothing is, it tells what to wait for, and for how long at most.
func (q *Queue) take(ctx context.Context, n int) ([]*entry, chan struct{}, time.Duration, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, nil, 0, q.failure(seglog.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, 0, err
	}
	now := q.o.Now()
	entries := q.lines.Take(now, n, q.o.Lease)
	wait := time.Hour
	if next, waits := q.lines.Next(); waits {
		wait = next.Sub(now)
	}
	return entries, q.changed, wait, nil
}

// read reads items that are leased. One that cannot be read becomes a dead letter; when the disk fails, those that are
// not read wait as if they had been returned.
func (q *Queue) read(entries []*entry) ([]*queue.Leased, error) {
	leased := make([]*queue.Leased, 0, len(entries))
	for i, e := range entries {
		r, err := q.log.Read(e.Ref)
		it := &queue.Leased{
			Item: queue.Item{Key: e.Key(), ID: r.ID, Data: r.Data},
			Put:  time.Unix(0, e.Put), Attempts: e.Attempts, Handle: e,
		}
		if err == nil {
			leased = append(leased, it)
			continue
		}
		if errors.Is(err, seglog.ErrDamaged) {
			q.o.Log.Error("queue has an item that cannot be read", "queue", q.name(), "key", e.Key(), "error", err)
			if err = q.bury(it, unreadable(err)); err == nil {
				continue
			}
		}
		q.mu.Lock()
		for _, e := range entries[i:] {
			q.lines.GiveBack(e, q.o.Now().Add(q.o.Lease))
		}
		q.mu.Unlock()
		if len(leased) > 0 {
			return leased, nil
		}
		return nil, q.failure(err)
	}
	return leased, nil
}

func unreadable(err error) []byte {
	b, _ := json.Marshal(map[string]any{ // a map of strings and numbers
		"type": "about:blank", "title": "The queue cannot read the item", "status": 500, "code": "queue_damaged",
		"detail": "the item was damaged on the disk: " + err.Error(), "retryable": false,
	})
	return b
}

// settle calls do for each item whose lease is held.
func (q *Queue) settle(items []*queue.Leased, do func(*entry)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return q.failure(seglog.ErrClosed)
	}
	lost := 0
	for _, it := range items {
		if e, mine := it.Handle.(*entry); mine && e.Holds(it.Attempts) {
			do(e)
		} else {
			lost++
		}
	}
	q.signal()
	if lost > 0 {
		return &queue.Error{Kind: queue.LeaseLost, Queue: q.name(), Err: fmt.Errorf("%d of %d items", lost, len(items))}
	}
	return nil
}

// Extend is queue.Queue's.
func (q *Queue) Extend(_ context.Context, items []*queue.Leased, d time.Duration) error {
	until := q.o.Now().Add(d)
	return q.settle(items, func(e *entry) { q.lines.Extend(e, until) })
}

// Return is queue.Queue's.
func (q *Queue) Return(_ context.Context, items []*queue.Leased, after time.Duration) error {
	notBefore := q.o.Now().Add(after)
	return q.settle(items, func(e *entry) { q.lines.GiveBack(e, notBefore) })
}

// Delete is queue.Queue's. The log has it before Delete returns, and the disk within a second: a power cut in between
// has the items delivered once more.
func (q *Queue) Delete(_ context.Context, items []*queue.Leased) error {
	done := make([]*seglog.Item, 0, len(items))
	err := q.settle(items, func(e *entry) {
		q.lines.Remove(e)
		done = append(done, e.Ref)
	})
	if len(done) > 0 {
		if logErr := q.log.Done(done); logErr != nil {
			q.wake() // says so, and tries again
		}
	}
	return err
}

// Bury is queue.Queue's.
func (q *Queue) Bury(_ context.Context, it *queue.Leased, reason []byte) error {
	e, mine := it.Handle.(*entry)
	q.mu.Lock()
	held := mine && e.Holds(it.Attempts)
	q.mu.Unlock()
	if !held {
		return &queue.Error{Kind: queue.LeaseLost, Queue: q.name(), Err: errors.New("1 of 1 items")}
	}
	if err := q.bury(it, reason); err != nil {
		return q.failure(err)
	}
	return nil
}

// bury stores the dead letter, and then takes the item out of the queue: when the process ends in between, the letter
// is written again under the same name.
func (q *Queue) bury(it *queue.Leased, reason []byte) error {
	e := it.Handle.(*entry)
	id := letterID(e.Put, e.Ref.Seq)
	if err := q.dead.write(id, &letter{
		Key: it.Key, ID: it.ID, Put: it.Put, Data: it.Data,
		Buried: q.o.Now(), Attempts: it.Attempts, Reason: string(reason),
	}); err != nil {
		return err
	}
	q.log.Reserve(q.dead.bytes())
	q.mu.Lock()
	q.lines.Remove(e)
	q.signal()
	q.mu.Unlock()
	if err := q.log.Done([]*seglog.Item{e.Ref}); err != nil {
		q.wake()
	}
	return nil
}

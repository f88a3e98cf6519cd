package storagequeue

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/shelf"
)

const (
	// An empty queue is asked again after firstPoll, and then after twice as long each time, up to longPoll: Queue
	// Storage has no calls that wait, and each call costs.
	firstPoll = 200 * time.Millisecond
	longPoll  = 5 * time.Second

	// depthLag is for a count that is approximate (Queue Storage REST API, Get Queue Metadata).
	depthLag = 2 * time.Minute

	// parallel calls are made for many items: each needs one.
	parallel = 8
)

// Queue is a queue of Azure Queue Storage.
type Queue struct {
	client *client
	lease  time.Duration

	ctx    context.Context // ends at Close
	cancel context.CancelFunc
	shelf  shelf.Shelf[*deadItem]
	put    chan struct{} // has one when something was put here: somebody who waits need not wait longer
}

// Limits tells what the queue takes.
func (q *Queue) Limits() queue.Limits {
	return queue.Limits{
		ItemBytes: maxTextBytes - envelope.MaxOverhead - reasonBytes, Lease: q.lease, DepthLag: depthLag,
	}
}

// Close ends all calls, and lets others see the dead letters that were listed.
func (q *Queue) Close() error {
	q.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	q.shelf.Close(ctx)
	return nil
}

// Put stores items, one by one for each key.
func (q *Queue) Put(ctx context.Context, items []queue.Item) []error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	var keys []string
	of := map[string][]int{}
	for i, item := range items {
		if of[item.Key] == nil {
			keys = append(keys, item.Key)
		}
		of[item.Key] = append(of[item.Key], i)
	}
	errs := make([]error, len(items))
	each(keys, func(key string) error {
		for _, i := range of[key] {
			errs[i] = q.putOne(ctx, items[i])
		}
		return nil
	})
	if len(items) > 0 {
		select {
		case q.put <- struct{}{}:
		default:
		}
	}
	if first(errs) == nil {
		return nil
	}
	return errs
}

func (q *Queue) putOne(ctx context.Context, item queue.Item) error {
	text := envelope.Format(envelope.Envelope{Item: item})
	if len(item.Data) > q.Limits().ItemBytes || len(text) > maxTextBytes-reasonBytes {
		return q.client.failed(queue.TooLarge, errors.New("a message of a storage queue has at most 48 KiB"))
	}
	return q.client.putMessage(ctx, text, 0)
}

// Receive leases up to 32 items, however many more are wanted.
func (q *Queue) Receive(ctx context.Context, n int) ([]*queue.Leased, error) {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	for pause := firstPoll; ; pause = min(2*pause, longPoll) {
		messages, err := q.client.messages(ctx, n, q.lease)
		if ctx.Err() != nil && len(messages) == 0 {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if len(messages) > 0 {
			items := make([]*queue.Leased, len(messages))
			for i := range messages {
				items[i] = messages[i].leased()
			}
			return items, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-q.put:
			pause = firstPoll / 2
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// Extend lets leases last for d from now.
func (q *Queue) Extend(ctx context.Context, items []*queue.Leased, d time.Duration) error {
	return q.all(ctx, items, func(ctx context.Context, h *handle) error { return q.client.update(ctx, h, d) })
}

// Return ends leases.
func (q *Queue) Return(ctx context.Context, items []*queue.Leased, after time.Duration) error {
	return q.all(ctx, items, func(ctx context.Context, h *handle) error { return q.client.update(ctx, h, after) })
}

// Delete ends leases of items that are delivered.
func (q *Queue) Delete(ctx context.Context, items []*queue.Leased) error {
	return q.all(ctx, items, q.client.remove)
}

// all makes a call for each item.
func (q *Queue) all(ctx context.Context, items []*queue.Leased, do func(context.Context, *handle) error) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	return first(each(items, func(item *queue.Leased) error {
		h, ok := item.Handle.(*handle)
		if !ok {
			return q.client.failed(queue.LeaseLost, errors.New("the item was not received from this queue"))
		}
		return do(ctx, h)
	}))
}

// each calls do for all of a list, for a few at one time.
func each[T any](list []T, do func(T) error) []error {
	errs := make([]error, len(list))
	var calls sync.WaitGroup
	next := make(chan int)
	for range min(parallel, len(list)) {
		calls.Go(func() {
			for i := range next {
				errs[i] = do(list[i])
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	calls.Wait()
	return errs
}

// first is the first failure. One of many is enough to know what to do.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// PutAgain stores an item once more, to be received after a time, with what is known of it: for a platform that deletes
// what it has handed over.
func (q *Queue) PutAgain(ctx context.Context, item *queue.Leased, after time.Duration) error {
	ctx, done := queue.Within(ctx, q.ctx)
	defer done()
	e := envelope.Envelope{Item: item.Item, Put: item.Put, Attempts: item.Attempts}
	return q.client.putMessage(ctx, envelope.Format(e), min(after, maxLease))
}

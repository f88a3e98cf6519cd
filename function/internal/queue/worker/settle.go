package worker

import (
	"context"
	"sync"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/internal/backoff"
)

// settler tells a queue what became of its items.
type settler interface {
	done(ctx context.Context, items []*queue.Leased) error
	back(ctx context.Context, items []*queue.Leased, after time.Duration) error
	bury(ctx context.Context, it *queue.Leased, reason []byte) error
	waits() bool // whether items may be kept until a gate opens
}

// ofQueue settles items that Run has received.
type ofQueue struct{ *Worker }

func (q *ofQueue) waits() bool { return true }

func (q *ofQueue) done(ctx context.Context, items []*queue.Leased) error {
	defer q.keeper.remove(items)
	return within(ctx, settleTime, func(ctx context.Context) error { return q.Queue.Delete(ctx, items) })
}

func (q *ofQueue) back(ctx context.Context, items []*queue.Leased, after time.Duration) error {
	q.keeper.remove(items)
	return within(ctx, settleTime, func(ctx context.Context) error { return q.Queue.Return(ctx, items, after) })
}

func (q *ofQueue) bury(ctx context.Context, it *queue.Leased, reason []byte) error {
	defer q.keeper.remove([]*queue.Leased{it})
	return within(ctx, settleTime, func(ctx context.Context) error { return q.Queue.Bury(ctx, it, reason) })
}

// within makes a call to the queue, again where it fails, whether or not the work has ended.
func within(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	for n := 0; ; n++ {
		err := call(ctx)
		if err == nil || n == 2 || !again(err) ||
			!backoff.Sleep(ctx, backoff.Jitter(n, 100*time.Millisecond, time.Second)) {
			return err
		}
	}
}

// ofTrigger settles items that a cloud has called the function with: it deletes what has not failed.
type ofTrigger struct {
	*Worker
	mu     sync.Mutex
	failed map[*queue.Leased]bool
}

func (t *ofTrigger) waits() bool { return false }

func (t *ofTrigger) done(context.Context, []*queue.Leased) error { return nil }

func (t *ofTrigger) back(_ context.Context, items []*queue.Leased, _ time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, it := range items {
		t.failed[it] = true
	}
	return nil
}

// bury takes no longer than the cloud waits: it would call the function with all items again.
func (t *ofTrigger) bury(ctx context.Context, it *queue.Leased, reason []byte) error {
	limit := settleTime
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, end.Add(batchMargin/2).Sub(t.Now()))
	}
	return within(ctx, limit, func(ctx context.Context) error { return t.Queue.Bury(ctx, it, reason) })
}

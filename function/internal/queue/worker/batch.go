package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/function/internal/queue"
)

// batchMargin is what HandleBatch leaves of its time to settle and to answer.
const batchMargin = 500 * time.Millisecond

// HandleBatch delivers items that a cloud has called the function with, and gives those that have to come again: of a
// device all after the first one that failed. The others are delivered or buried, and the caller has them deleted. It
// does not wait for what is down, and ends before ctx does.
func (w *Worker) HandleBatch(ctx context.Context, items []*queue.Leased) (failed []*queue.Leased) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-batchMargin))
		defer cancel()
	}
	settle := &ofTrigger{Worker: w, failed: map[*queue.Leased]bool{}}
	places := make(chan struct{}, w.Places)
	var wg sync.WaitGroup
	for _, g := range w.read(ctx, items, settle) {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			g.run(ctx, ctx)
		})
	}
	wg.Wait()
	for _, it := range items {
		if settle.failed[it] {
			failed = append(failed, it)
		}
	}
	return failed
}

// again tells whether a call to the queue may succeed when it is made again.
func again(err error) bool {
	failed, ok := errors.AsType[*queue.Error](err)
	return !ok || failed.Kind == queue.Unavailable
}

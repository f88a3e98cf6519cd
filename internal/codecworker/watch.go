package codecworker

import (
	"context"
	"sync"
	"time"

	"mayfly/transform/codec"
)

// step is what a watch counts, instead of reading the clock: a function that was
// frozen in between finds one step over, not all of them.
const step = 25 * time.Millisecond

// watch kills a process whose exchange takes too long, or for which nobody waits
// any more. Its timer is not set and stopped for each exchange, which would cost as
// much as the exchange: it runs on for a step, and then once more if there is one.
type watch struct {
	kill func()

	mu      sync.Mutex
	timer   *time.Timer
	running bool

	ctx    context.Context //nolint:containedctx // of the exchange; nil between two
	limit  time.Duration
	left   time.Duration
	killed error
}

func (w *watch) start(ctx context.Context, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx, w.limit, w.killed = ctx, limit, nil
	w.left = limit + step // the first one has begun
	switch {
	case w.running:
		return
	case w.timer == nil:
		w.timer = time.AfterFunc(step, w.look)
	default:
		w.timer.Reset(step)
	}
	w.running = true
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx == nil {
		w.running = false
		return
	}
	w.left -= step
	err := w.ctx.Err()
	switch {
	case err != nil:
		w.killed = failure(codec.Timeout, "the request is over: %v", err)
	case w.left <= 0:
		w.killed = failure(codec.Timeout, "the codec takes longer than %s", w.limit)
	default:
		w.timer.Reset(step)
		return
	}
	w.ctx, w.running = nil, false
	w.kill()
}

// stop ends the watch over an exchange. Its error is why it killed the process.
func (w *watch) stop() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx = nil
	return w.killed
}

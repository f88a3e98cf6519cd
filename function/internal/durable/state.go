package durable

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
	"mayfly/internal/backoff"
	"mayfly/transform/message"
)

const (
	watchInterval = 10 * time.Second
	lookTime      = 5 * time.Second
	fresh         = 15 * time.Second
	stale         = time.Minute // what is older is not shown as metrics
)

// state is how full the queue was when it was last asked.
type state struct {
	mu      sync.Mutex
	at      time.Time
	depth   queue.Depth
	err     error
	looking bool
}

// Watch asks the queue how full it is every few seconds, until ctx is done.
func (a *Acceptor) Watch(ctx context.Context) {
	for {
		interval := watchInterval
		if a.start.is() {
			interval = againInterval
		}
		if !backoff.Sleep(ctx, interval) {
			return
		}
		_, _ = a.Look() // it tells the log itself
	}
}

// Look asks the queue how full it is.
func (a *Acceptor) Look() (queue.Depth, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	asked := a.Now()
	depth, err := a.Queue.Depth(ctx)
	if err == nil {
		a.learn(depth, asked)
		a.behind.seen(depth, asked, a.Queue.Limits().DepthLag)
	}
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	if err != nil && a.state.err == nil {
		a.Log.Warn("queue: it cannot be asked how full it is", "error", err.Error())
	}
	a.state.at, a.state.depth, a.state.err = asked, depth, err
	return depth, err
}

// Depth tells how full the queue is, or was a moment ago.
func (a *Acceptor) Depth() (queue.Depth, error) {
	a.state.mu.Lock()
	depth, err, age := a.state.depth, a.state.err, a.Now().Sub(a.state.at)
	a.state.mu.Unlock()
	if age < fresh {
		return depth, err
	}
	return a.Look()
}

// lookBeside asks the queue how full it is, beside whatever is going on.
func (a *Acceptor) lookBeside() {
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	if a.state.looking {
		return
	}
	a.state.looking = true
	go func() { // bounded by lookTime
		_, _ = a.Look() // it tells the log itself
		a.state.mu.Lock()
		defer a.state.mu.Unlock()
		a.state.looking = false
	}()
}

// shown gives what metrics show: exports before an answer must not wait for the queue. ok is false where the queue was
// not asked of late.
func (a *Acceptor) shown() (depth queue.Depth, ok bool, err error) {
	a.state.mu.Lock()
	depth, err = a.state.depth, a.state.err
	age := a.Now().Sub(a.state.at)
	a.state.mu.Unlock()
	if age >= fresh {
		a.lookBeside()
	}
	return depth, age < stale, err
}

// Describe tells people of the queue, a line. up says whether it answers. Anybody may ask: what a queue's client says
// may name accounts, roles and hosts, so only the log has that.
func (a *Acceptor) Describe() (text string, up bool) {
	depth, err := a.Depth()
	if err != nil {
		kind := queue.Unavailable
		if failed, ok := errors.AsType[*queue.Error](err); ok {
			kind = failed.Kind
		}
		return "queue: " + string(kind) + "\n", false
	}
	text = fmt.Sprintf("queue: depth %d", depth.Items)
	if !depth.Oldest.IsZero() {
		text += ", oldest " + max(a.Now().Sub(depth.Oldest), 0).Round(time.Second).String()
	}
	return text + fmt.Sprintf(", dead letters %d\n", depth.Dead), true
}

// collect has the queue read for metrics as it was last seen.
func (a *Acceptor) collect() {
	of := func(id metrics.ID, value func(queue.Depth) float64) {
		a.Metrics.Collect(id, func(to metrics.Setter) {
			if depth, ok, err := a.shown(); ok && err == nil {
				to(value(depth))
			}
		})
	}
	of(metrics.QueueDepth, func(d queue.Depth) float64 { return float64(d.Items) })
	of(metrics.QueueDead, func(d queue.Depth) float64 { return float64(d.Dead) })
	of(metrics.QueueOldest, func(d queue.Depth) float64 {
		if d.Oldest.IsZero() {
			return 0
		}
		return max(a.Now().Sub(d.Oldest).Seconds(), 0)
	})
	a.Metrics.Collect(metrics.QueueUp, func(to metrics.Setter) {
		switch _, ok, err := a.shown(); {
		case !ok:
		case err != nil:
			to(0)
		default:
			to(1)
		}
	})
}

// Gone takes note of a message that the worker of this process has delivered or buried.
func (a *Acceptor) Gone(m *message.Message) { a.behind.gone(entry.ID(m)) }

package trace

import (
	"context"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// flushTime bounds what the answer of an invocation waits for the receiver. After a failure
	// the next ones do not wait at all, for a pause that doubles.
	flushTime     = 200 * time.Millisecond
	minFlushPause = time.Second
	maxFlushPause = time.Minute
)

// invocations is the span processor on Lambda, where the process is frozen after each answer:
// spans wait for the end of their invocation instead of a timer.
type invocations struct {
	exporter *exporter
	limit    int // spans that wait at most
	now      func() time.Time

	mu      sync.Mutex
	waiting []sdk.ReadOnlySpan
	lost    int           // of those that were too many
	busy    chan struct{} // closed at the end of the export under way; nil: there is none
	next    time.Time     // before which none is begun
	pause   time.Duration // after the last failure
}

// OnStart does nothing.
func (p *invocations) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd keeps a span for the end of the invocation.
func (p *invocations) OnEnd(s sdk.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) >= p.limit {
		p.lost++
		return
	}
	p.waiting = append(p.waiting, s)
}

// ForceFlush exports what waits, until ctx ends. An export that takes longer goes on; meanwhile,
// and for a pause after a failure, there is no other one.
func (p *invocations) ForceFlush(ctx context.Context) error {
	done := p.begin(ctx)
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		p.backOff()
		return ctx.Err()
	}
}

// begin starts an export; nil where there is nothing to export, or no chance that it succeeds.
func (p *invocations) begin(ctx context.Context) (done chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 || p.busy != nil || p.now().Before(p.next) {
		return nil
	}
	spans, lost := p.waiting, p.lost
	p.waiting, p.lost = nil, 0
	done = make(chan struct{})
	p.busy = done
	go func() {
		defer close(done)
		taken := p.exporter.export(context.WithoutCancel(ctx), spans, lost)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.busy = nil
		if taken {
			p.next, p.pause = time.Time{}, 0
		} else {
			p.backOff()
		}
	}()
	return done
}

func (p *invocations) backOff() {
	p.pause = min(max(2*p.pause, minFlushPause), maxFlushPause)
	p.next = p.now().Add(p.pause)
}

// Shutdown exports what is left, until ctx ends.
func (p *invocations) Shutdown(ctx context.Context) error { return p.ForceFlush(ctx) }

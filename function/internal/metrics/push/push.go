package push

import (
	"context"
	"errors"
	"sync"
	"time"

	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/otlp"
)

const (
	// maxFlush is what an export may delay an answer, and it takes at most half of the time that is left.
	maxFlush = 200 * time.Millisecond
	// minFlush is less than what an export takes: it is not begun with less time than that.
	minFlush = 5 * time.Millisecond
	// After a failure no answer is delayed for a while, which doubles with each failure.
	minPause = 10 * time.Second
	maxPause = time.Minute
)

// Client sends an export; an [otlp.Client] does.
type Client interface {
	Export(ctx context.Context, data otlp.Message) error
}

// Options are what a Pusher is made of.
type Options struct {
	Set      *metrics.Set
	Client   Client
	Resource *resource.Resource // who sends
	Reporter *otlp.Reporter     // told of failures
	Interval time.Duration      // between two exports; 0 for Flush means that each exports
	Now      func() time.Time
}

// Pusher exports a set of metrics.
type Pusher struct {
	Options

	producer metric.Producer
	stop     context.CancelFunc // nil where Start was not called
	ended    chan struct{}

	mu    sync.Mutex // held during an export
	next  time.Time  // before which Flush does nothing
	pause time.Duration
}

// New makes a pusher. It exports nothing by itself before Start.
func New(o *Options) *Pusher {
	return &Pusher{Options: *o, producer: bridge.NewMetricProducer(bridge.WithGatherer(o.Set))}
}

// Start exports every Interval until Close.
func (p *Pusher) Start() {
	ctx, stop := context.WithCancel(context.Background())
	p.stop, p.ended = stop, make(chan struct{})
	go func() {
		defer close(p.ended)
		tick := time.NewTicker(p.Interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
			if ctx.Err() != nil { // a tick may have come, too
				return
			}
			p.mu.Lock()
			_ = p.export(ctx) // which is told already
			p.mu.Unlock()
		}
	}()
}

// Flush exports before the answer to a request whose context is ctx: at most once per Interval, not while another one
// exports, and not for a while after a failure. It takes maxFlush at most. A nil Pusher does nothing.
func (p *Pusher) Flush(ctx context.Context) {
	if p == nil || !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	limit := maxFlush
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2) //nolint:forbidigo // contexts live by time.Now
	}
	now := p.Now()
	if limit < minFlush || now.Before(p.next) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if p.export(ctx) == nil {
		p.pause, p.next = 0, now.Add(p.Interval)
		return
	}
	p.pause = min(max(2*p.pause, minPause), maxPause)
	p.next = now.Add(p.pause)
}

// Close ends what Start began and exports a last time, until ctx ends at most. A nil Pusher does nothing.
func (p *Pusher) Close(ctx context.Context) {
	if p == nil {
		return
	}
	if p.stop != nil {
		p.stop()
		select {
		case <-p.ended:
		case <-ctx.Done():
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.export(ctx) // which is told already
}

// export makes one export, and tells of its failure. The caller holds mu.
func (p *Pusher) export(ctx context.Context) error {
	scopes, err := p.producer.Produce(ctx)
	if err == nil {
		data, points := metricsData(p.Resource, scopes)
		if err = p.Client.Export(ctx, data); err == nil {
			p.Set.Add(metrics.Exports, 1, "metrics", "ok")
			return nil
		}
		p.Set.Add(metrics.Exports, 1, "metrics", "failed")
		if !errors.Is(ctx.Err(), context.Canceled) { // what Close cuts short is no failure
			p.Reporter.Failed(context.WithoutCancel(ctx), "metrics", points, err)
		}
	}
	return err
}

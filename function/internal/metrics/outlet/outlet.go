package outlet

import (
	"context"
	"io"
	"time"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/metrics/emf"
	"mayfly/function/internal/metrics/push"
	"mayfly/function/internal/platform"
)

// Options say where metrics go.
type Options struct {
	Host      platform.Kind
	Mode      metrics.Mode
	Lines     io.Writer     // takes the lines for CloudWatch; nil: none are written
	Namespace string        // of these
	Service   string        // likewise: the name of the function
	Export    *push.Options // without a Set; nil: nothing is exported
	Interval  time.Duration // between two exports; 0 where nobody has said it
	Now       func() time.Time
}

// defaultInterval is the time between two exports where the process runs on between requests (OpenTelemetry
// specification, "Periodic exporting MetricReader").
const defaultInterval = time.Minute

// Outlet is a set of metrics, and where they go. The zero value counts nothing.
type Outlet struct {
	Set    *metrics.Set // nil: nobody would see the metrics
	lines  *emf.Writer
	pusher *push.Pusher
	frozen bool // between two requests
}

// New makes an outlet. It has to be closed.
func New(o *Options) *Outlet {
	out := &Outlet{frozen: o.Host == platform.Lambda}
	var observer metrics.Observer
	if o.Mode == metrics.ModeEMF && o.Lines != nil {
		out.lines = emf.New(&emf.Options{
			To: o.Lines, Namespace: o.Namespace, Service: o.Service, Interval: o.Interval, Now: o.Now,
		})
		observer = out.lines
	}
	export := o.Export != nil && o.Mode != metrics.ModeOff
	if !export && observer == nil && (o.Host != platform.Server || o.Mode == metrics.ModeOff) {
		return out
	}
	out.Set = metrics.New(observer)
	out.Set.CollectProcess(o.Host.String())
	if out.lines != nil {
		out.lines.Gauges(out.Set)
	}
	if export {
		to := *o.Export
		to.Set, to.Interval, to.Now = out.Set, o.Interval, o.Now
		if !out.frozen && to.Interval == 0 {
			to.Interval = defaultInterval
		}
		out.pusher = push.New(&to)
		if !out.frozen {
			out.pusher.Start()
		}
	}
	return out
}

// Flush sends what a request has counted, before its answer. ctx is the request's.
func (o *Outlet) Flush(ctx context.Context) {
	if o.frozen {
		o.pusher.Flush(ctx)
	}
	o.lines.Flush()
}

// Close sends what is left, until ctx ends at most.
func (o *Outlet) Close(ctx context.Context) {
	o.pusher.Close(ctx)
	o.lines.Close()
}

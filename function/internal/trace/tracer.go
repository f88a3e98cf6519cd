package trace

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"mayfly/dps"
	"mayfly/function/internal/otlp"
	"mayfly/function/internal/platform"
	"mayfly/httpsend"
)

const (
	// scope is the instrumentation scope of the spans.
	scope = "mayfly/function"

	maxQueue   = 65_536 // spans that are kept until they are exported
	maxBatch   = 8_192
	maxDelay   = time.Hour
	maxText    = 256 // characters of what a sender has written
	maxLinks   = 128
	maxDevices = 5
)

// Options are what a Tracer needs from outside.
type Options struct {
	Environment *otlp.Environment
	Properties  bool // events get the trace's context as application properties
	Host        platform.Kind
	Getenv      func(string) string
	Receiver    otlp.Options
	Reporter    *otlp.Reporter
	Exported    func(taken bool) // told of each export; may be nil
	Log         *slog.Logger     // of what is wrong with the variables
	Now         func() time.Time
}

// Tracer makes the spans of requests. A nil Tracer makes none. It is safe for concurrent use.
type Tracer struct {
	tracer     trace.Tracer
	provider   *sdk.TracerProvider // nil where nothing is exported
	properties bool
	host       platform.Kind
	now        func() time.Time
}

// New makes a Tracer; nil where nothing is exported and events get no trace's context. What is
// wrong with the variables is logged, and never an error.
func New(o *Options) *Tracer {
	settings := o.Environment.Traces()
	t := &Tracer{properties: o.Properties, host: o.Host, now: o.Now}
	warnings := settings.Warnings
	switch {
	case settings.URL != nil:
		to := &exporter{client: otlp.NewClient(&settings, &o.Receiver), reporter: o.Reporter, exported: o.Exported}
		t.provider, warnings = newProvider(o, to, warnings)
		t.tracer = t.provider.Tracer(scope)
	case o.Properties && !o.Environment.Disabled():
		t.tracer = noop.NewTracerProvider().Tracer(scope) // hands on the sender's context
	default:
		t = nil
	}
	for _, w := range warnings {
		o.Log.Warn("a variable of OpenTelemetry cannot be used", "problem", w)
	}
	return t
}

// newProvider makes the SDK's part. It gives every bound itself: the SDK would read variables of
// the process.
func newProvider(o *Options, to *exporter, warnings []string) (*sdk.TracerProvider, []string) {
	e := o.Environment
	warn := func(text string) {
		if text != "" {
			warnings = append(warnings, text)
		}
	}
	about, warning := e.Resource(o.Host, o.Getenv)
	warn(warning)
	root, warning := parseSampler(e.OTelSampler, e.OTelSamplerArg)
	warn(warning)
	queue := number(e.OTelBSPQueue, "OTEL_BSP_MAX_QUEUE_SIZE", sdk.DefaultMaxQueueSize, maxQueue, warn)
	batch := number(e.OTelBSPBatch, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", sdk.DefaultMaxExportBatchSize, maxBatch, warn)
	delay := milliseconds(e.OTelBSPSchedule, "OTEL_BSP_SCHEDULE_DELAY", sdk.DefaultScheduleDelay, warn)
	timeout := milliseconds(e.OTelBSPTimeout, "OTEL_BSP_EXPORT_TIMEOUT", sdk.DefaultExportTimeout, warn)
	var processor sdk.SpanProcessor = &invocations{exporter: to, limit: queue, now: o.Now}
	if o.Host != platform.Lambda {
		processor = sdk.NewBatchSpanProcessor(to,
			sdk.WithMaxQueueSize(queue), sdk.WithMaxExportBatchSize(min(batch, queue)), sdk.WithBatchTimeout(delay),
			sdk.WithExportTimeout(timeout))
	}
	limits := sdk.SpanLimits{
		AttributeValueLengthLimit: 1024, AttributeCountLimit: 64, EventCountLimit: 16, LinkCountLimit: maxLinks,
		AttributePerEventCountLimit: 16, AttributePerLinkCountLimit: 16,
	}
	return sdk.NewTracerProvider(
		sdk.WithResource(about), sdk.WithRawSpanLimits(limits), sdk.WithSampler(newGuard(root, o.Now)),
		sdk.WithSpanProcessor(processor),
	), warnings
}

// Flush exports the spans of an invocation of Lambda before it is answered: afterwards the
// process is frozen. It waits flushTime at most, and not beyond the end of ctx.
func (t *Tracer) Flush(ctx context.Context) {
	if t == nil || t.host != platform.Lambda || t.provider == nil || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	_ = t.provider.ForceFlush(ctx) // failed exports are reported
}

// Shutdown exports what is left, until ctx ends.
func (t *Tracer) Shutdown(ctx context.Context) {
	if t != nil && t.provider != nil {
		_ = t.provider.Shutdown(ctx) // failed exports are reported
	}
}

// DPSCall observes calls to DPS; nil for a nil Tracer.
func (t *Tracer) DPSCall() func(context.Context, dps.Call, http.Header) func(*http.Response, *dps.Error) {
	if t == nil {
		return nil
	}
	return t.observeDPS
}

// HubCall observes calls to hubs; nil for a nil Tracer.
func (t *Tracer) HubCall() func(context.Context, httpsend.Call, http.Header) func(*http.Response, *httpsend.Error) {
	if t == nil {
		return nil
	}
	return t.observeHub
}

// LookupCall observes calls of look-ups; nil for a nil Tracer.
func (t *Tracer) LookupCall() func(context.Context, string, *http.Request) func(*http.Response, error) {
	if t == nil {
		return nil
	}
	return t.observeLookup
}

// Log gives a log whose records have the ids of the trace that they belong to.
func (t *Tracer) Log(log *slog.Logger) *slog.Logger {
	if t == nil {
		return log
	}
	return slog.New(logHandler{log.Handler()})
}

package trace

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"mayfly/function/internal/platform"
	"mayfly/function/internal/requestlog"
	"mayfly/function/internal/sanitize"
	"mayfly/transform/message"
)

// Request is the span of one request. A nil Request records nothing. It is of one goroutine, but
// for the calls that are observed beside each other.
type Request struct {
	tracer  *Tracer
	span    trace.Span
	ctx     context.Context //nolint:containedctx // that of the span, which outlives the handler's for the log
	parent  context.Context //nolint:containedctx // that of the sender's trace
	secrets []string        // ids of devices that spans must not show
}

type requestKey struct{}

// requestOf gives the request that ctx belongs to, where its span is recorded; else nil.
func requestOf(ctx context.Context) *Request {
	q, _ := ctx.Value(requestKey{}).(*Request)
	if q == nil || !q.span.IsRecording() {
		return nil
	}
	return q
}

// Start begins the span of a request that came at a time. proven says that its sender has shown
// a credential, or that the host has checked it. The request that it returns has the span in its context.
func (t *Tracer) Start(r *http.Request, arrived time.Time, proven bool) (*http.Request, *Request) {
	if t == nil {
		return r, nil
	}
	ctx := withParent(r.Context(), r.Header["Traceparent"], r.Header["Tracestate"])
	q := &Request{tracer: t, parent: ctx}
	if proven {
		ctx = withProven(ctx)
	}
	ctx, q.span = t.tracer.Start(ctx, spanName(r),
		trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(arrived))
	q.ctx = context.WithValue(ctx, requestKey{}, q)
	if q.span.IsRecording() {
		q.span.SetAttributes(t.attributes(r)...)
	}
	return r.WithContext(q.ctx), q
}

// known are the methods of HTTP that the conventions name; others are _OTHER.
var known = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"}

// route is the pattern that a request's path fits; empty where it fits none.
func route(r *http.Request) string {
	if r.Pattern == "/" {
		return ""
	}
	return strings.TrimSuffix(r.Pattern, "/{$}")
}

func spanName(r *http.Request) string {
	method := r.Method
	if !slices.Contains(known, method) {
		method = "HTTP"
	}
	if rt := route(r); rt != "" {
		return method + " " + rt
	}
	return method
}

func (t *Tracer) attributes(r *http.Request) []attribute.KeyValue {
	scheme := "http"
	if r.TLS != nil || t.host != platform.Server {
		scheme = "https"
	}
	all := []attribute.KeyValue{
		attribute.String("url.scheme", scheme), attribute.String("url.path", sanitize.Line(r.URL.Path, maxText)),
		attribute.String("mayfly.request.id", requestlog.ID(r.Context())),
	}
	if slices.Contains(known, r.Method) {
		all = append(all, attribute.String("http.request.method", r.Method))
	} else {
		all = append(all, attribute.String("http.request.method", "_OTHER"),
			attribute.String("http.request.method_original", sanitize.Line(r.Method, maxText)))
	}
	if rt := route(r); rt != "" {
		all = append(all, attribute.String("http.route", rt))
	}
	if agent := r.UserAgent(); agent != "" {
		all = append(all, attribute.String("user_agent.original", sanitize.Line(agent, maxText)))
	}
	if t.host != platform.Server {
		all = append(all, attribute.String("faas.trigger", "http"),
			attribute.String("faas.invocation_id", requestlog.ID(r.Context())))
	}
	return all
}

// Decoded notes what the body of the request came to: the traces that its messages are of, and
// the ids of devices that spans must not show.
func (q *Request) Decoded(messages []message.Message, secrets []string) {
	if q == nil || !q.span.IsRecording() {
		return
	}
	q.secrets = secrets
	q.link(messages)
}

// Outcome is how a request ended.
type Outcome struct {
	Status         int    // of the answer
	Code           string // of the problem, or empty
	Source, Caller string
	Devices        []string // the first ones, without those that are not to be told
	Delivered      int
	Accepted       int // by the queue
	Ignored        int
	Refused        int
	Repeated       int
}

// End ends the span of a request and gives the context that its log record belongs to. q is nil
// where the request was answered before its sender was known: its span begins here, too.
func (t *Tracer) End(ctx context.Context, q *Request, r *http.Request, arrived time.Time, o *Outcome) (
	context.Context, *Request,
) {
	if t == nil {
		return ctx, nil
	}
	if q == nil {
		_, q = t.Start(r.WithContext(ctx), arrived, false)
	}
	if q.span.IsRecording() {
		q.describe(o)
	}
	q.span.End(trace.WithTimestamp(t.now()))
	return q.ctx, q
}

func (q *Request) describe(o *Outcome) {
	text := func(name, value string) {
		if value != "" {
			q.span.SetAttributes(attribute.String(name, value))
		}
	}
	count := func(name string, n int) {
		if n > 0 {
			q.span.SetAttributes(attribute.Int(name, n))
		}
	}
	q.span.SetAttributes(attribute.Int("http.response.status_code", o.Status))
	text("error.type", o.Code)
	text("mayfly.source", o.Source)
	text("mayfly.caller", o.Caller)
	count("mayfly.messages.delivered", o.Delivered)
	count("mayfly.messages.accepted", o.Accepted)
	count("mayfly.messages.ignored", o.Ignored)
	count("mayfly.messages.refused", o.Refused)
	count("mayfly.messages.repeated", o.Repeated)
	if len(o.Devices) > 0 {
		q.span.SetAttributes(attribute.StringSlice("mayfly.device.ids", o.Devices[:min(len(o.Devices), maxDevices)]))
	}
	if o.Status >= http.StatusInternalServerError {
		q.span.SetStatus(codes.Error, "")
	}
}

// Step is the span of one step of a request. The zero Step records nothing.
type Step struct {
	span trace.Span
	now  func() time.Time
}

// Step begins a step of the request.
func (q *Request) Step(ctx context.Context, name string) (context.Context, Step) {
	if q == nil || !q.span.IsRecording() {
		return ctx, Step{}
	}
	ctx, span := q.tracer.tracer.Start(ctx, name, trace.WithTimestamp(q.tracer.now()))
	return ctx, Step{span, q.tracer.now}
}

// End ends the step. Its failure, if any, is told by the span of the request.
func (s Step) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End(trace.WithTimestamp(s.now()))
}

package trace

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"mayfly/dps"
	"mayfly/function/internal/sanitize"
	"mayfly/httpsend"
	"mayfly/internal/upstream"
)

const httpsPort = 443

// call begins the span of a call and sets its header. It returns nil where nothing is recorded.
func call(ctx context.Context, header http.Header, name, method, host, device string) *callSpan {
	q := requestOf(ctx)
	if q == nil {
		inject(ctx, header)
		return nil
	}
	address, port := host, httpsPort
	if h, p, err := net.SplitHostPort(host); err == nil {
		address = h
		port, _ = strconv.Atoi(p)
	}
	ctx, span := q.tracer.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(q.tracer.now()), trace.WithAttributes(
			attribute.String("http.request.method", method),
			attribute.String("server.address", address), attribute.Int("server.port", port)))
	if device != "" && !slices.Contains(q.secrets, device) {
		span.SetAttributes(attribute.String("mayfly.device.id", device))
	}
	inject(ctx, header)
	return &callSpan{q, span}
}

type callSpan struct {
	request *Request
	span    trace.Span
}

// failure is what an error of a call says, whichever service it is of.
type failure struct {
	kind       string
	trackingID string
	err        error
}

func (c *callSpan) end(res *http.Response, failed *failure) {
	if res != nil {
		c.span.SetAttributes(attribute.Int("http.response.status_code", res.StatusCode))
		if id := res.Header.Get("X-Ms-Request-Id"); id != "" {
			c.span.SetAttributes(attribute.String("azure.service.request.id", sanitize.Line(id, maxText)))
		}
	}
	if failed != nil {
		if failed.trackingID != "" {
			c.span.SetAttributes(attribute.String("mayfly.upstream.tracking_id", failed.trackingID))
		}
		// A try that has lost against another one has not failed.
		if errors.Is(failed.err, context.Canceled) {
			failed.kind = "canceled"
		} else {
			c.span.SetStatus(codes.Error, "")
		}
		c.span.SetAttributes(attribute.String("error.type", strings.ReplaceAll(failed.kind, " ", "_")))
	}
	c.span.End(trace.WithTimestamp(c.request.tracer.now()))
}

// dpsNames are the names of spans, and the methods, of the calls to DPS.
var dpsNames = map[string][2]string{
	"look-up":   {"dps look-up", http.MethodPost},
	"register":  {"dps register", http.MethodPut},
	"operation": {"dps poll", http.MethodGet},
}

func (t *Tracer) observeDPS(ctx context.Context, c dps.Call, header http.Header) func(*http.Response, *dps.Error) {
	name := dpsNames[c.Op]
	span := call(ctx, header, name[0], name[1], c.Host, c.Device)
	if span == nil {
		return nil
	}
	return func(res *http.Response, err *dps.Error) {
		if err == nil {
			span.end(res, nil)
			return
		}
		span.end(res, &failure{err.Kind.Error(), err.TrackingID, err.Err})
	}
}

func (t *Tracer) observeHub(
	ctx context.Context, c httpsend.Call, header http.Header,
) func(*http.Response, *httpsend.Error) {
	span := call(ctx, header, "hub send", http.MethodPost, c.Hub, c.DeviceID)
	if span == nil {
		return nil
	}
	span.span.SetAttributes(attribute.Int("mayfly.try", c.Try))
	if c.Try > 1 {
		span.span.SetAttributes(attribute.Int("http.request.resend_count", c.Try-1))
	}
	return func(res *http.Response, err *httpsend.Error) {
		if err == nil {
			span.end(res, nil)
			return
		}
		span.end(res, &failure{err.Kind.Error(), err.TrackingID, err.Err})
	}
}

func (t *Tracer) observeLookup(ctx context.Context, name string, r *http.Request) func(*http.Response, error) {
	span := call(ctx, r.Header, "look-up "+name, r.Method, r.URL.Host, "")
	if span == nil {
		return nil
	}
	return func(res *http.Response, err error) {
		if err == nil {
			span.end(res, nil)
			return
		}
		kind := "unreachable"
		if upstream.TimedOut(err) {
			kind = "timeout"
		}
		span.end(res, &failure{kind: kind, err: err})
	}
}

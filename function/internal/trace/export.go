package trace

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mayfly/function/internal/otlp"
)

// exporter sends spans to a receiver.
type exporter struct {
	client   *otlp.Client
	reporter *otlp.Reporter
	exported func(taken bool) // may be nil
}

// ExportSpans sends spans. Failures are reported here, and never returned: the SDK would write
// them to stderr one by one.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	e.export(ctx, spans, 0)
	return nil
}

// export sends spans, and tells whether the receiver has taken them. lost are those that are lost
// already.
func (e *exporter) export(ctx context.Context, spans []sdk.ReadOnlySpan, lost int) (taken bool) {
	err := e.client.Export(ctx, tracesData(spans))
	switch {
	case err != nil:
		e.reporter.Failed(ctx, "traces", len(spans)+lost, err)
	case lost > 0:
		e.reporter.Failed(ctx, "traces", lost, errQueueFull)
	}
	if e.exported != nil {
		e.exported(err == nil)
	}
	return err == nil
}

var errQueueFull = errors.New("the queue is full: see OTEL_BSP_MAX_QUEUE_SIZE")

// Shutdown does nothing: there is nothing to close.
func (e *exporter) Shutdown(context.Context) error { return nil }

// tracesData writes spans as OTLP has them. All of them are of one resource and one scope.
func tracesData(spans []sdk.ReadOnlySpan) otlp.Message {
	list := make(otlp.List, len(spans))
	for i, s := range spans {
		list[i] = spanData(s)
	}
	about := resource.Empty()
	if len(spans) > 0 {
		about = spans[0].Resource()
	}
	ofScope := otlp.Message{
		{Number: 1, Name: "scope", Value: otlp.Scope(scope)},
		{Number: 2, Name: "spans", Value: list},
		{Number: 3, Name: "schemaUrl", Value: otlp.Text(otlp.SchemaURL)},
	}
	all := otlp.Message{
		{Number: 1, Name: "resource", Value: otlp.About(about)},
		{Number: 2, Name: "scopeSpans", Value: otlp.List{ofScope}},
		{Number: 3, Name: "schemaUrl", Value: otlp.Text(about.SchemaURL())},
	}
	return otlp.Message{{Number: 1, Name: "resourceSpans", Value: otlp.List{all}}}
}

const (
	statusError = 2 // Status.StatusCode

	// SpanFlags beside those of W3C.
	knowsRemote = 0x100
	isRemote    = 0x200
)

// kinds are the numbers of Span.SpanKind.
var kinds = map[trace.SpanKind]otlp.Uint32{
	trace.SpanKindInternal: 1, trace.SpanKindServer: 2, trace.SpanKindClient: 3,
	trace.SpanKindProducer: 4, trace.SpanKindConsumer: 5,
}

func spanData(s sdk.ReadOnlySpan) otlp.Message {
	sc, parent := s.SpanContext(), s.Parent()
	traceID, spanID, parentID := sc.TraceID(), sc.SpanID(), parent.SpanID()
	out := otlp.Message{
		{Number: 1, Name: "traceId", Value: otlp.ID(traceID[:])},
		{Number: 2, Name: "spanId", Value: otlp.ID(spanID[:])},
		{Number: 5, Name: "name", Value: otlp.Text(s.Name())},
		{Number: 6, Name: "kind", Value: kinds[s.SpanKind()]},
		{Number: 7, Name: "startTimeUnixNano", Value: otlp.Fixed64(s.StartTime().UnixNano())},
		{Number: 8, Name: "endTimeUnixNano", Value: otlp.Fixed64(s.EndTime().UnixNano())},
		{Number: 9, Name: "attributes", Value: otlp.Attributes(s.Attributes())},
		{Number: 10, Name: "droppedAttributesCount", Value: otlp.Uint32(s.DroppedAttributes())},
		{Number: 14, Name: "droppedLinksCount", Value: otlp.Uint32(s.DroppedLinks())},
		{Number: 16, Name: "flags", Value: flags(sc, parent)},
	}
	if state := sc.TraceState().String(); state != "" {
		out = append(out, otlp.Field{Number: 3, Name: "traceState", Value: otlp.Text(state)})
	}
	if parentID.IsValid() {
		out = append(out, otlp.Field{Number: 4, Name: "parentSpanId", Value: otlp.ID(parentID[:])})
	}
	if links := linksData(s.Links()); len(links) > 0 {
		out = append(out, otlp.Field{Number: 13, Name: "links", Value: links})
	}
	if s.Status().Code == codes.Error {
		failed := otlp.Message{{Number: 3, Name: "code", Value: otlp.Uint32(statusError)}}
		out = append(out, otlp.Field{Number: 15, Name: "status", Value: failed})
	}
	return out
}

func linksData(links []sdk.Link) otlp.List {
	var list otlp.List
	for _, l := range links {
		ofTrace, ofSpan := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		list = append(list, otlp.Message{
			{Number: 1, Name: "traceId", Value: otlp.ID(ofTrace[:])},
			{Number: 2, Name: "spanId", Value: otlp.ID(ofSpan[:])},
			{Number: 3, Name: "traceState", Value: otlp.Text(l.SpanContext.TraceState().String())},
			{Number: 6, Name: "flags", Value: flags(l.SpanContext, l.SpanContext)},
		})
	}
	return list
}

// flags are those of W3C, and whether the parent, or what is linked, is of another process.
func flags(sc, parent trace.SpanContext) otlp.Fixed32 {
	f := otlp.Fixed32(sc.TraceFlags()) | knowsRemote
	if parent.IsRemote() {
		f |= isRemote
	}
	return f
}

package trace

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

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
func tracesData(spans []sdk.ReadOnlySpan) *tracepb.TracesData {
	scopeSpans := &tracepb.ScopeSpans{
		Scope: &commonpb.InstrumentationScope{Name: scope}, SchemaUrl: otlp.SchemaURL,
		Spans: make([]*tracepb.Span, len(spans)),
	}
	for i, s := range spans {
		scopeSpans.Spans[i] = spanData(s)
	}
	all := &tracepb.ResourceSpans{ScopeSpans: []*tracepb.ScopeSpans{scopeSpans}}
	if len(spans) > 0 {
		about := spans[0].Resource()
		all.Resource = &resourcepb.Resource{Attributes: attributes(about.Attributes())}
		all.SchemaUrl = about.SchemaURL()
	}
	return &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{all}}
}

var kinds = map[trace.SpanKind]tracepb.Span_SpanKind{
	trace.SpanKindInternal: tracepb.Span_SPAN_KIND_INTERNAL,
	trace.SpanKindServer:   tracepb.Span_SPAN_KIND_SERVER,
	trace.SpanKindClient:   tracepb.Span_SPAN_KIND_CLIENT,
	trace.SpanKindProducer: tracepb.Span_SPAN_KIND_PRODUCER,
	trace.SpanKindConsumer: tracepb.Span_SPAN_KIND_CONSUMER,
}

func spanData(s sdk.ReadOnlySpan) *tracepb.Span {
	sc, parent := s.SpanContext(), s.Parent()
	traceID, spanID := sc.TraceID(), sc.SpanID()
	out := &tracepb.Span{
		TraceId: traceID[:], SpanId: spanID[:], TraceState: sc.TraceState().String(), Flags: flags(sc, parent),
		Name: s.Name(), Kind: kinds[s.SpanKind()],
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), EndTimeUnixNano: uint64(s.EndTime().UnixNano()),
		Attributes: attributes(s.Attributes()), DroppedAttributesCount: uint32(s.DroppedAttributes()),
		DroppedLinksCount: uint32(s.DroppedLinks()),
	}
	if id := parent.SpanID(); id.IsValid() {
		out.ParentSpanId = id[:]
	}
	if s.Status().Code == codes.Error {
		out.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.Status().Description}
	}
	for _, l := range s.Links() {
		ofTrace, ofSpan := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		out.Links = append(out.Links, &tracepb.Span_Link{
			TraceId: ofTrace[:], SpanId: ofSpan[:], TraceState: l.SpanContext.TraceState().String(),
			Flags: flags(l.SpanContext, l.SpanContext),
		})
	}
	return out
}

// flags are those of W3C, and whether the parent, or what is linked, is of another process.
func flags(sc, parent trace.SpanContext) uint32 {
	f := uint32(sc.TraceFlags()) | uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	if parent.IsRemote() {
		f |= uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	return f
}

// attributes writes attributes of the types that are in use here.
func attributes(all []attribute.KeyValue) []*commonpb.KeyValue {
	out := make([]*commonpb.KeyValue, 0, len(all))
	for _, a := range all {
		value := &commonpb.AnyValue{}
		switch a.Value.Type() {
		case attribute.BOOL:
			value.Value = &commonpb.AnyValue_BoolValue{BoolValue: a.Value.AsBool()}
		case attribute.INT64:
			value.Value = &commonpb.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		case attribute.FLOAT64:
			value.Value = &commonpb.AnyValue_DoubleValue{DoubleValue: a.Value.AsFloat64()}
		case attribute.STRINGSLICE:
			list := &commonpb.ArrayValue{}
			for text := range slices.Values(a.Value.AsStringSlice()) {
				list.Values = append(list.Values, stringValue(text))
			}
			value.Value = &commonpb.AnyValue_ArrayValue{ArrayValue: list}
		default:
			value = stringValue(a.Value.Emit())
		}
		out = append(out, &commonpb.KeyValue{Key: string(a.Key), Value: value})
	}
	return out
}

// stringValue writes a text; protobuf takes UTF-8 alone.
func stringValue(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: strings.ToValidUTF8(s, "\ufffd")}}
}

package otlp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"mayfly/transform/media/otlp"
	"mayfly/transform/message"
)

func str(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// attributes are one of each kind.
func attributes() []*commonpb.KeyValue {
	nested := &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{
		{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{str("in", "é")}}}},
	}}}}
	return []*commonpb.KeyValue{
		str("device.id", "boiler-7"), str("empty", ""),
		{Key: "int", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: math.MinInt64}}},
		{Key: "double", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: -0.25}}},
		{Key: "bool", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{}}},
		{Key: "bytes", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte{1, 2, 255}}}},
		{Key: "nested", Value: nested}, {Key: "none"},
	}
}

func metricsOf(list ...*metricspb.Metric) *metricspb.MetricsData {
	return &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource:  &resourcepb.Resource{Attributes: attributes(), DroppedAttributesCount: math.MaxUint32},
		SchemaUrl: "https://opentelemetry.io/schemas/1.30.0",
		ScopeMetrics: []*metricspb.ScopeMetrics{{
			Scope: &commonpb.InstrumentationScope{Name: "x", Version: "1"}, Metrics: list,
		}},
	}}}
}

const at = 1740000000123456789

func exemplars() []*metricspb.Exemplar {
	return []*metricspb.Exemplar{{
		TimeUnixNano: at, SpanId: []byte("\x00\x01\x02\x03\x04\x05\x06\xff"), TraceId: []byte("0123456789abcdef"),
		Value: &metricspb.Exemplar_AsInt{AsInt: -5}, FilteredAttributes: []*commonpb.KeyValue{str("a", "b")},
	}}
}

func bodies() map[string]proto.Message {
	return map[string]proto.Message{
		"gauge": metricsOf(&metricspb.Metric{Name: "temp", Unit: "Cel", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{
			DataPoints: []*metricspb.NumberDataPoint{
				{TimeUnixNano: at, Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: 61.5}, Exemplars: exemplars()},
				{TimeUnixNano: math.MaxUint64, Value: &metricspb.NumberDataPoint_AsDouble{}, Attributes: attributes()},
				{Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: 1e300}, Flags: math.MaxUint32},
			},
		}}}),
		"sum": metricsOf(&metricspb.Metric{Name: "starts", Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{
			AggregationTemporality: metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, IsMonotonic: true,
			DataPoints: []*metricspb.NumberDataPoint{{TimeUnixNano: at, Value: &metricspb.NumberDataPoint_AsInt{AsInt: math.MinInt64}}},
		}}}),
		"histogram": metricsOf(&metricspb.Metric{Name: "burn", Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{
			DataPoints: []*metricspb.HistogramDataPoint{{
				TimeUnixNano: at, Count: math.MaxUint64, Sum: new(float64(9.5)), Min: new(float64(0)), Max: new(float64(8)),
				BucketCounts: []uint64{1, 0, 1}, ExplicitBounds: []float64{5, math.Inf(1)}, Exemplars: exemplars(),
			}},
		}}}),
		"exponential histogram": metricsOf(&metricspb.Metric{Name: "burn", Data: &metricspb.Metric_ExponentialHistogram{
			ExponentialHistogram: &metricspb.ExponentialHistogram{DataPoints: []*metricspb.ExponentialHistogramDataPoint{{
				TimeUnixNano: at, Count: 3, Scale: -5, ZeroCount: 1, ZeroThreshold: 0.5,
				Positive: &metricspb.ExponentialHistogramDataPoint_Buckets{Offset: math.MinInt32, BucketCounts: []uint64{1, 300}},
				Negative: &metricspb.ExponentialHistogramDataPoint_Buckets{Offset: 2},
			}}},
		}}),
		"summary": metricsOf(&metricspb.Metric{Name: "wait", Data: &metricspb.Metric_Summary{Summary: &metricspb.Summary{
			DataPoints: []*metricspb.SummaryDataPoint{{TimeUnixNano: at, Count: 2, Sum: 3,
				QuantileValues: []*metricspb.SummaryDataPoint_ValueAtQuantile{{Quantile: 0.99, Value: 2}}}},
		}}}),
		"logs": &logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{
			TimeUnixNano: at, SeverityNumber: 9, Body: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "on"}},
			TraceId: []byte("0123456789abcdef"), Flags: 1,
		}}}}}}},
		"traces": &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{
			TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Name: "GET", Kind: tracepb.Span_SPAN_KIND_SERVER,
			Events: []*tracepb.Span_Event{{TimeUnixNano: at, Name: "e"}}, Links: []*tracepb.Span_Link{{TraceId: []byte("x")}},
			Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR},
		}}}}}}},
	}
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A body is read as its JSON would be.
func TestDecode(t *testing.T) {
	t.Parallel()
	for name, m := range bodies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := otlp.Decode(marshal(t, m), "/api/otlp/v1/"+name, new(message.Request).Meter(), func(note string) { t.Error(note) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, m), any(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// asJSON gives the JSON encoding of OTLP: that of protobuf, with ids in hex.
func asJSON(t *testing.T, m proto.Message) any {
	t.Helper()
	raw, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	hexIDs(value)
	return value
}

func hexIDs(value any) {
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			hexIDs(one)
		}
	case map[string]any:
		for name, one := range value {
			if text, ok := one.(string); ok && (name == "traceId" || name == "spanId" || name == "parentSpanId") {
				raw, _ := base64.StdEncoding.DecodeString(text)
				value[name] = hex.EncodeToString(raw)
			}
			hexIDs(one)
		}
	}
}

func TestDecodeLeftOut(t *testing.T) {
	t.Parallel()
	var notes []string
	got, err := otlp.Decode(marshal(t, metricsOf(&metricspb.Metric{Name: "temp", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{
		DataPoints: []*metricspb.NumberDataPoint{
			{Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: math.NaN()}},
			{Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: math.Inf(-1)}},
		},
	}}})), "", new(message.Request).Meter(), func(note string) { notes = append(notes, note) })
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(got); strings.Contains(string(text), "asDouble") {
		t.Errorf("got %s", text)
	}
	want := []string{
		"resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].asDouble is NaN and was left out",
		"resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[1].asDouble is -Infinity and was left out",
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What protobuf allows and SDKs do not write.
func TestDecodeWire(t *testing.T) {
	t.Parallel()
	b := func(number protowire.Number, raw ...byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), raw)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	point := func(raw ...[]byte) []byte { // of a histogram
		return b(1, b(2, b(2, b(9, b(1, join(raw...)...)...)...)...)...)
	}
	unknown := join(b(100, 'x'), protowire.AppendVarint(protowire.AppendTag(nil, 101, protowire.VarintType), 5),
		protowire.AppendTag(nil, 102, protowire.StartGroupType), b(1, 'y'), protowire.AppendTag(nil, 102, protowire.EndGroupType))
	counts := protowire.AppendFixed64(protowire.AppendTag(nil, 6, protowire.Fixed64Type), 7)
	for name, tt := range map[string]struct {
		body []byte
		want string
	}{
		"empty":             {nil, `{"resourceMetrics":[]}`},
		"unknown fields":    {join(unknown, b(1, unknown...), unknown), `{"resourceMetrics":[{}]}`},
		"message in parts":  {b(1, join(b(1, b(1, b(1, 'a')...)...), b(1, b(1, b(1, 'b')...)...))...), `{"resourceMetrics":[{"resource":{"attributes":[{"key":"a"},{"key":"b"}]}}]}`},
		"a text twice":      {b(1, join(b(3, 'a'), b(3, 'b'))...), `{"resourceMetrics":[{"schemaUrl":"b"}]}`},
		"list not packed":   {point(counts, counts), `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":["7","7"]}]}}]}]}]}`},
		"list of no values": {point(b(6)), `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[]}]}}]}]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := otlp.Decode(tt.body, "/v1/metrics", new(message.Request).Meter(), func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			if text, _ := json.Marshal(got); string(text) != tt.want {
				t.Errorf("got %s", text)
			}
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	metrics := marshal(t, bodies()["histogram"])
	deep := &commonpb.AnyValue{}
	for range 200 {
		deep = &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{deep}}}}
	}
	for name, tt := range map[string]struct {
		body []byte
		path string
		kind message.Kind
		says string
	}{
		"cut off":          {metrics[:len(metrics)-3], "", message.Malformed, "ends in the middle of a field"},
		"cut off inside":   {[]byte("\x0a\x02\x0a\x05"), "", message.Malformed, "resourceMetrics[0]"},
		"text":             {[]byte("temperature=21.5"), "", message.Malformed, "OTLP protobuf"},
		"a log as metrics": {marshal(t, bodies()["logs"]), "/v1/metrics", message.Malformed, "another type"},
		"metrics as a log": {metrics, "/v1/logs/", message.Malformed, "OTLP protobuf: resourceLogs[0]"},
		"not UTF-8":        {[]byte("\x0a\x03\x1a\x01\xff"), "", message.Malformed, "resourceMetrics[0].schemaUrl: the text is not UTF-8"},
		"unknown only":     {[]byte("\xa2\x06\x01x"), "", message.Malformed, "no resourceMetrics"},
		"deep": {marshal(t, &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
			Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Value: deep}}},
		}}}), "", message.Malformed, "nested deeper than 100"},
		"many containers": {bytes.Repeat([]byte("\x0a\x00"), message.MaxContainers+1), "", message.Invalid, "too many values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := otlp.Decode(tt.body, tt.path, new(message.Request).Meter(), func(string) {})
			bad, ok := errors.AsType[*message.Error](err)
			if !ok || bad.Kind != tt.kind || !strings.Contains(bad.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for name, m := range bodies() {
		f.Add(marshal(f, m), name)
	}
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		got, err := otlp.Decode(body, path, new(message.Request).Meter(), func(string) {})
		if _, ok := errors.AsType[*message.Error](err); err != nil && !ok {
			t.Fatalf("an error without a kind: %v", err)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	})
}

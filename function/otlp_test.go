package function_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"mayfly/emulator"
)

// otlpBody is a request of an SDK: a gauge, and a histogram that has counted nothing.
func otlpBody(device string) *metricspb.MetricsData {
	at := uint64(1740000000123456789)
	gauge := &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{
		{TimeUnixNano: at, Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: -999}},
	}}
	histogram := &metricspb.Histogram{DataPoints: []*metricspb.HistogramDataPoint{
		{TimeUnixNano: at, Sum: proto.Float64(0)},
	}}
	return &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{
			Key: "device.id", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: device}},
		}}},
		ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{
			{Name: "temp", Data: &metricspb.Metric_Gauge{Gauge: gauge}},
			{Name: "burn", Data: &metricspb.Metric_Histogram{Histogram: histogram}},
		}}},
	}}}
}

// Both encodings make the same message.
func TestOTLPEncodings(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	s := instance(t, azure)
	raw, err := proto.Marshal(otlpBody("boiler-1"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := protojson.Marshal(otlpBody("boiler-2"))
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(raw)
	_ = z.Close()
	const metrics, pb = "/api/otlp/v1/metrics", "application/x-protobuf"
	for name, tt := range map[string]struct {
		path, media, encoding string
		body                  []byte
		answer, answerMedia   string
	}{
		"protobuf":             {metrics, pb, "", raw, "", pb},
		"protobuf, gzip":       {metrics, pb, "gzip", zipped.Bytes(), "", pb},
		"other media type":     {"/api/otlp/", "application/protobuf", "", raw, "", pb},
		"detected":             {"/api/ingest", pb, "", raw, "", pb},
		"without a media type": {metrics, "", "", raw, "{}\n", "application/json"},
		"JSON":                 {metrics, "application/json", "", text, "{}\n", "application/json"},
		"JSON called bytes":    {metrics, "application/octet-stream", "", text, "{}\n", "application/json"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, tt.path, bytes.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.media)
		if tt.encoding != "" {
			r.Header.Set("Content-Encoding", tt.encoding)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.Body.String() != tt.answer || w.Header().Get("Content-Type") != tt.answerMedia {
			t.Errorf("%s: got %d %q %q", name, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
	devices := map[string]bool{}
	for _, e := range azure.Events() {
		devices[e.Device] = true
		if string(e.Body) != `{"burn":{"count":0,"sum":0},"temp":-999}` {
			t.Errorf("%s: got %s", e.Device, e.Body)
		}
	}
	if len(devices) != 2 {
		t.Errorf("devices: %v", devices)
	}
}

// What is refused is refused in protobuf, as google.rpc.Status.
func TestOTLPRefused(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	open, closed := instance(t, azure), instance(t, azure, "AUTH=keys", "API_KEYS=a="+hashOf("a key"))
	noDevice, err := proto.Marshal(otlpBody(""))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		s        http.Handler
		body     string
		encoding string
		status   int
		code     uint64
		says     string
	}{
		"malformed":        {open, "\x0a\x05x", "", 400, 3, "malformed-body"},
		"broken gzip":      {open, "x", "gzip", 400, 3, "malformed-body"},
		"without a key":    {closed, string(noDevice), "", 401, 16, "unauthenticated"},
		"without a device": {open, string(noDevice), "", 400, 3, "deviceId"},
	} {
		r := request(t, http.MethodPost, "/api/otlp/v1/metrics", tt.body, "Content-Type", "application/x-protobuf")
		if tt.encoding != "" {
			r.Header.Set("Content-Encoding", tt.encoding)
		}
		w := httptest.NewRecorder()
		tt.s.ServeHTTP(w, r)
		code, text := rpcStatus(t, w.Body.Bytes())
		if w.Code != tt.status || code != tt.code || !strings.Contains(text, tt.says) ||
			w.Header().Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s: got %d, code %d, %q", name, w.Code, code, text)
		}
	}
}

func rpcStatus(t *testing.T, body []byte) (code uint64, text string) {
	t.Helper()
	for len(body) > 0 {
		number, wire, n := protowire.ConsumeTag(body)
		if n < 0 {
			t.Fatalf("not protobuf: %q", body)
		}
		body = body[n:]
		switch {
		case number == 1 && wire == protowire.VarintType:
			code, n = protowire.ConsumeVarint(body)
		case number == 2 && wire == protowire.BytesType:
			text, n = protowire.ConsumeString(body)
		default:
			n = -1
		}
		if n < 0 {
			t.Fatalf("not google.rpc.Status: %q", body)
		}
		body = body[n:]
	}
	return code, text
}

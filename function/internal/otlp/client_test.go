package otlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"mayfly/function/internal/otlp"
	"mayfly/internal/secret"
)

func attributeKey(name string) attribute.Key { return attribute.Key(name) }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, mediaType, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {mediaType}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func client(t testing.TB, receiver roundTrip, variables ...string) *otlp.Client {
	t.Helper()
	s := environment(t, append([]string{"ENDPOINT=http://c"}, variables...)...).Traces()
	if len(s.Warnings) > 0 {
		t.Fatal(s.Warnings)
	}
	loader := &secret.Loader{Transport: receiver, Getenv: func(string) string { return "" }, Now: time.Now}
	return otlp.NewClient(&s, &otlp.Options{Transport: receiver, Secrets: loader, UserAgent: "mayfly", Now: time.Now})
}

// data is a message with a field of each type.
func data() otlp.Message {
	span := otlp.Message{
		{1, "traceId", otlp.ID("0123456789abcdef")}, {2, "spanId", otlp.ID("01234567")},
		{4, "parentSpanId", otlp.ID("12345678")}, {5, "name", otlp.Text("POST <&>\xff")},
		{6, "kind", otlp.Uint32(2)}, {7, "startTimeUnixNano", otlp.Fixed64(1 << 60)},
		{9, "attributes", otlp.Attributes([]attribute.KeyValue{
			attribute.Int("i", -5), attribute.Float64("d", 1e21), attribute.Bool("b", false),
			attribute.StringSlice("s", []string{"x", "y"}), attribute.Int64Slice("n", []int64{1, 2}),
		})},
		{16, "flags", otlp.Fixed32(0x301)},
	}
	scope := otlp.Message{{1, "scope", otlp.Scope("x")}, {2, "spans", otlp.List{span}}}
	all := otlp.Message{{2, "scopeSpans", otlp.List{scope}}}
	return otlp.Message{{1, "resourceSpans", otlp.List{all}}}
}

// generated is the same by the types that are generated from OTLP's definition.
func generated() *trace.TracesData {
	text := func(s string) *common.AnyValue {
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
	}
	list := &common.ArrayValue{Values: []*common.AnyValue{text("x"), text("y")}}
	span := &trace.Span{
		TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), ParentSpanId: []byte("12345678"),
		Name: "POST <&>\ufffd", Kind: trace.Span_SPAN_KIND_SERVER, StartTimeUnixNano: 1 << 60, Flags: 0x301,
		Attributes: []*common.KeyValue{
			{Key: "i", Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: -5}}},
			{Key: "d", Value: &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: 1e21}}},
			{Key: "b", Value: &common.AnyValue{Value: &common.AnyValue_BoolValue{}}},
			{Key: "s", Value: &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}},
			{Key: "n", Value: text("[1,2]")},
		},
	}
	scope := &trace.ScopeSpans{Spans: []*trace.Span{span}, Scope: &common.InstrumentationScope{Name: "x"}}
	return &trace.TracesData{ResourceSpans: []*trace.ResourceSpans{{ScopeSpans: []*trace.ScopeSpans{scope}}}}
}

func TestExport(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(file, []byte("api-key=topsecret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const inJSON = `{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"x"},"spans":[{"attributes":[` +
		`{"key":"i","value":{"intValue":"-5"}},{"key":"d","value":{"doubleValue":1e+21}},` +
		`{"key":"b","value":{"boolValue":false}},` +
		`{"key":"s","value":{"arrayValue":{"values":[{"stringValue":"x"},{"stringValue":"y"}]}}},` +
		`{"key":"n","value":{"stringValue":"[1,2]"}}],"flags":769,` +
		`"kind":2,"name":"POST <&>\ufffd","parentSpanId":"3132333435363738","spanId":"3031323334353637",` +
		`"startTimeUnixNano":"1152921504606846976","traceId":"30313233343536373839616263646566"}]}]}]}`
	for name, variables := range map[string][]string{
		"protobuf": nil, "protobuf, gzip": {"COMPRESSION=gzip"},
		"JSON": {"PROTOCOL=http/json"}, "JSON, gzip": {"PROTOCOL=http/json", "COMPRESSION=gzip"},
		"headers": {"HEADERS=api-key=topsecret"}, "headers in a file": {"HEADERS=file:" + file},
		"credentials in the URL": {"ENDPOINT=http://user:topsecret@c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			var body []byte
			c := client(t, func(r *http.Request) (*http.Response, error) {
				got = r
				body, _ = io.ReadAll(r.Body)
				return answer(200, "application/x-protobuf", ""), nil
			}, variables...)
			if err := c.Export(t.Context(), data()); err != nil {
				t.Fatal(err)
			}
			if got.URL.String() != "http://c/v1/traces" || got.Method != http.MethodPost {
				t.Errorf("%s %s", got.Method, got.URL)
			}
			if strings.Contains(name, "gzip") {
				r, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil || got.Header.Get("Content-Encoding") != "gzip" {
					t.Fatal(err, got.Header)
				}
				body, _ = io.ReadAll(r)
			}
			if user, password, _ := got.BasicAuth(); strings.Contains(name, "credentials") &&
				(user != "user" || password != "topsecret") {
				t.Errorf("headers %v", got.Header)
			}
			if strings.Contains(name, "headers") && got.Header.Get("Api-Key") != "topsecret" {
				t.Errorf("headers %v", got.Header)
			}
			if strings.Contains(name, "JSON") {
				var want, have any
				if err := errors.Join(json.Unmarshal([]byte(inJSON), &want), json.Unmarshal(body, &have)); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, have); diff != "" || got.Header.Get("Content-Type") != "application/json" {
					t.Error(diff, got.Header)
				}
				return
			}
			have := &trace.TracesData{}
			if err := proto.Unmarshal(body, have); err != nil || !proto.Equal(have, generated()) {
				t.Errorf("%v: %v", err, have)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	partial := "\n\x08\x08\x03\x12\x04busy" // {1: {1: 3, 2: "busy"}}
	const inJSON = `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"busy"}}`
	huge := strings.Repeat("x", 10<<20)
	type answers []*http.Response // nil: none
	down := func(n int) answers { return slices.Repeat(answers{answer(503, "", "")}, n) }
	const does = "the receiver c "
	tests := map[string]struct {
		answers answers
		calls   int
		want    string // of the error
	}{
		"taken":                {answers{answer(200, "", "")}, 1, ""},
		"taken, 10 MB":         {answers{answer(200, "", huge)}, 1, ""},
		"refused":              {answers{answer(400, "", "no")}, 1, does + "has answered HTTP 400"},
		"refused, 10 MB":       {answers{answer(500, "", huge)}, 1, does + "has answered HTTP 500"},
		"redirected":           {answers{answer(307, "", "", "Location", "/")}, 1, does + "has answered HTTP 307"},
		"busy, then taken":     {append(down(2), answer(200, "", "")), 3, ""},
		"down":                 {down(9), 5, does + "has answered HTTP 503"},
		"Retry-After":          {answers{answer(429, "", "", "Retry-After", "3"), answer(200, "", "")}, 2, ""},
		"Retry-After too late": {answers{answer(429, "", "", "Retry-After", "60")}, 1, does + "has answered HTTP 429"},
		"gone, then taken":     {answers{nil, answer(200, "", "")}, 2, ""},
		"gone":                 {make(answers, 5), 5, does + "gave no answer: the connection ended before the answer"},
		"partly":               {answers{answer(200, "", partial)}, 1, does + "has rejected 3: busy"},
		"partly, in JSON":      {answers{answer(200, "application/json", inJSON)}, 1, does + "has rejected 3: busy"},
		"not protobuf":         {answers{answer(200, "text/html", "<html>")}, 1, ""},
		"not JSON":             {answers{answer(200, "application/json", "<html>")}, 1, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				c := client(t, func(*http.Request) (*http.Response, error) {
					calls++
					if a := tt.answers[calls-1]; a != nil {
						return a, nil
					}
					return nil, io.EOF
				})
				got := ""
				if err := c.Export(t.Context(), data()); err != nil {
					got = err.Error()
				}
				if got != tt.want || calls != tt.calls {
					t.Errorf("%d calls, %q, want %d, %q", calls, got, tt.calls, tt.want)
				}
			})
		})
	}
}

// A receiver that hangs is waited for as long as the settings say, or the context.
func TestHangingReceiver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		for variable, want := range map[string]time.Duration{
			"TIMEOUT=10000": 5 * time.Second, "TIMEOUT=300": 300 * time.Millisecond,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			begin := time.Now()
			err := client(t, hangs, variable).Export(ctx, data())
			if took := time.Since(begin); err == nil || took != want {
				t.Errorf("%s: %v after %v, want %v", variable, err, took, want)
			}
			cancel()
		}
	})
}

func TestReporter(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Unix(0, 0)
	r := otlp.NewReporter(slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	for range 3 * 60 {
		r.Failed(t.Context(), "traces", 2, errors.New("down"))
		r.Failed(t.Context(), "metrics", 1, errors.New("down"))
		now = now.Add(time.Second)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "signal=traces failures=1 lost=2 cause=down") ||
		!strings.HasSuffix(lines[1], "signal=traces failures=120 lost=180 cause=down") {
		t.Errorf("got %s", log.String())
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("\n\x08\x08\x03\x12\x04busy"), false)
	f.Add([]byte(`{"partialSuccess":{"rejectedSpans":3}}`), true)
	f.Fuzz(func(t *testing.T, body []byte, inJSON bool) {
		mediaType := "application/x-protobuf"
		if inJSON {
			mediaType = "application/json"
		}
		c := client(t, func(*http.Request) (*http.Response, error) { return answer(200, mediaType, string(body)), nil })
		if err := c.Export(t.Context(), data()); err != nil && len(err.Error()) > 2000 {
			t.Errorf("a message of %d bytes", len(err.Error()))
		}
	})
}

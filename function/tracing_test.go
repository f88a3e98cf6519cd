package function_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"mayfly/emulator"
	"mayfly/function"
)

// receiver is a receiver of spans in memory.
type receiver struct {
	answer func(*http.Request) (*http.Response, error) // nil: it takes all

	mu    sync.Mutex
	calls int
	spans []*tracepb.Span
}

func (v *receiver) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	var data tracepb.TracesData
	err := proto.Unmarshal(body, &data)
	known := &tracepb.TracesData{}
	if err = errors.Join(err, proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, known)); err != nil {
		return nil, err
	}
	if proto.Size(known) != proto.Size(&data) {
		return nil, errors.New("there are fields that OTLP does not have")
	}
	v.mu.Lock()
	v.calls++
	for _, all := range data.GetResourceSpans() {
		for _, scope := range all.GetScopeSpans() {
			v.spans = append(v.spans, scope.GetSpans()...)
		}
	}
	v.mu.Unlock()
	if v.answer != nil {
		return v.answer(r)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
}

// named gives the spans of a name.
func (v *receiver) named(name string) []*tracepb.Span {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(v.spans), func(s *tracepb.Span) bool { return s.GetName() != name })
}

// attribute gives an attribute of a span as a text; empty where it has none.
func attribute(s *tracepb.Span, name string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() != name {
			continue
		}
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_IntValue:
			return fmt.Sprint(v.IntValue)
		case *commonpb.AnyValue_StringValue:
			return v.StringValue
		default:
			return fmt.Sprint(a.GetValue())
		}
	}
	return ""
}

// upstreams records the trace's context of the calls to an emulator.
type upstreams struct {
	http.RoundTripper

	mu      sync.Mutex
	parents []string
}

func (u *upstreams) RoundTrip(r *http.Request) (*http.Response, error) {
	u.mu.Lock()
	u.parents = append(u.parents, r.Header.Get("Traceparent"))
	u.mu.Unlock()
	return u.RoundTripper.RoundTrip(r)
}

// traced is a service whose spans go to a receiver before each answer, as on Lambda.
type traced struct {
	*function.Service
	azure    *emulator.Emulator
	receiver *receiver
	upstream *upstreams
	log      *bytes.Buffer
}

func newTraced(t testing.TB, v *receiver, vars ...string) *traced {
	t.Helper()
	azure, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	out := &traced{azure: azure, receiver: v, log: &bytes.Buffer{}}
	out.upstream = &upstreams{RoundTripper: azure.RoundTripper()}
	c, err := function.LoadConfig(append([]string{
		"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none",
		"AWS_LAMBDA_RUNTIME_API=x", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_METRICS_EXPORTER=none",
	}, vars...))
	if err != nil {
		t.Fatal(err)
	}
	out.Service = function.New(c, function.Dependencies{
		DPS: out.upstream, Hub: out.upstream, Receiver: v, Log: slog.New(slog.NewJSONHandler(out.log, nil)),
		Lookups: &upstreams{RoundTripper: weather{}},
	})
	return out
}

func (s *traced) post(t testing.TB, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const (
	aTrace  = "0af7651916cd43dd8448eb211c80319c"
	aParent = "00-" + aTrace + "-b7ad6b7169203331-01"
)

func TestSpansOfARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTraced(t, &receiver{})
		defer s.Close()
		w := s.post(t, "/api/devices/d1/telemetry", `{"t":1}`,
			"Traceparent", aParent, "Tracestate", "a=1", "Tracestate", "b=2")
		if w.Code != http.StatusOK {
			t.Fatal(w.Body)
		}
		root := s.receiver.named("POST /api/devices/{deviceId}/telemetry")
		if len(root) != 1 {
			t.Fatalf("got %v", s.receiver.spans)
		}
		if fmt.Sprintf("%x %x", root[0].GetTraceId(), root[0].GetParentSpanId()) != aTrace+" b7ad6b7169203331" ||
			root[0].GetKind() != tracepb.Span_SPAN_KIND_SERVER || root[0].GetTraceState() != "a=1,b=2" {
			t.Errorf("got %v", root[0])
		}
		want := map[string]string{
			"http.request.method": "POST", "http.route": "/api/devices/{deviceId}/telemetry",
			"url.path": "/api/devices/d1/telemetry", "url.scheme": "https", "http.response.status_code": "200",
			"error.type": "", "mayfly.source": "device", "mayfly.messages.delivered": "1", "faas.trigger": "http",
		}
		for name, value := range want {
			if got := attribute(root[0], name); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		children := map[string][2]string{ // the method and the status
			"decode": {}, "dps look-up": {"POST", "404"}, "dps register": {"PUT", "202"}, "dps poll": {"GET", "200"},
			"hub send": {"POST", "204"},
		}
		for name, call := range children {
			spans := s.receiver.named(name)
			if len(spans) != 1 || !bytes.Equal(spans[0].GetParentSpanId(), root[0].GetSpanId()) {
				t.Errorf("%s: got %v", name, spans)
				continue
			}
			got := [2]string{
				attribute(spans[0], "http.request.method"), attribute(spans[0], "http.response.status_code"),
			}
			device := attribute(spans[0], "mayfly.device.id")
			if got != call || (device != "d1") == (name != "decode") {
				t.Errorf("%s: got %v of %q, want %v", name, got, device, call)
			}
		}
		if len(s.receiver.spans) != 6 || s.receiver.calls != 1 {
			t.Errorf("%d spans in %d exports", len(s.receiver.spans), s.receiver.calls)
		}
		for i, parent := range s.upstream.parents {
			if !strings.HasPrefix(parent, "00-"+aTrace) || strings.Contains(parent, "b7ad6b7169203331") {
				t.Errorf("call %d is of %q", i, parent)
			}
		}
		ids := fmt.Sprintf(`"trace_id":"%s","span_id":"%x","trace_flags":"01"`, aTrace, root[0].GetSpanId())
		if !strings.Contains(s.log.String(), ids) {
			t.Errorf("log: %s", s.log)
		}
	})
}

// The problem of a request is the error.type of its span, wherever it was found.
func TestSpansOfProblems(t *testing.T) {
	t.Parallel()
	const one = "POST /api/devices/{deviceId}/telemetry"
	for name, tt := range map[string]struct {
		vars   []string
		path   string
		body   string
		root   string
		status string
		code   string
		failed bool
	}{
		"not JSON":    {nil, "/api/telemetry", "{", "POST /api/telemetry", "400", "malformed-body", false},
		"no source":   {nil, "/api/nothing", "{}", "POST /api/{source}", "404", "no-source", false},
		"not served":  {nil, "/x", "{}", "POST", "404", "no-source", false},
		"not cleaned": {nil, "/api/../x", "{}", "POST", "404", "no-source", false},
		"no credential": {[]string{"AUTH=keys", "API_KEYS=a=sha256:" + strings.Repeat("0", 64)},
			"/api/telemetry", "{}", "POST /api/telemetry", "401", "unauthenticated", false},
		"no scope": {[]string{"ID_SCOPE=0neFFFFFFFF"},
			"/api/devices/d1/telemetry", "{}", one, "502", "bridge-misconfigured", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newTraced(t, &receiver{}, tt.vars...)
				defer s.Close()
				w := s.post(t, tt.path, tt.body, "Traceparent", aParent)
				root := s.receiver.named(tt.root)
				if len(root) != 1 {
					t.Fatalf("HTTP %d, got %v", w.Code, s.receiver.spans)
				}
				status, code := attribute(root[0], "http.response.status_code"), attribute(root[0], "error.type")
				failed := root[0].GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR
				if status != tt.status || code != tt.code || failed != tt.failed || fmt.Sprint(w.Code) != status {
					t.Errorf("HTTP %d, got %s %s %v, want %s %s %v",
						w.Code, status, code, failed, tt.status, tt.code, tt.failed)
				}
				if strings.Count(s.log.String(), `"trace_id":"`+aTrace) != 1 {
					t.Errorf("log: %s", s.log)
				}
			})
		})
	}
}

// weather answers look-ups; it does not know d2.
type weather struct{}

func (weather) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "d2") || r.Header.Get("Traceparent") == "" {
		return responds(http.StatusNotFound, "text/plain", ""), nil
	}
	return responds(http.StatusOK, "application/json", `{"rain":1}`), nil
}

func TestSpansOfLookups(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "mayfly.yaml", weatherYAML)
	synctest.Test(t, func(t *testing.T) {
		s := newTraced(t, &receiver{}, "CONFIG="+path)
		defer s.Close()
		for device, status := range map[string]string{"d1": "200", "d2": "404"} {
			if w := s.post(t, "/api/devices/"+device+"/telemetry", `{"t":1}`); w.Code != http.StatusOK {
				t.Fatal(w.Body)
			}
			spans := s.receiver.named("look-up weather")
			if len(spans) != 1 || attribute(spans[0], "http.response.status_code") != status ||
				attribute(spans[0], "server.address") != "weather.example" {
				t.Errorf("%s: got %v", device, spans)
			}
			s.receiver.spans = nil
		}
	})
}

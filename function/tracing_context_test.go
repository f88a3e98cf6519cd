package function_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What is not a trace's context is no parent; telemetry is delivered whatever it is.
func TestForeignTraceContext(t *testing.T) {
	t.Parallel()
	type header []string
	const parent, state, span = "Traceparent", "Tracestate", "-b7ad6b7169203331-"
	member := "a=" + strings.Repeat("x", 200)
	for name, tt := range map[string]struct {
		header header
		trace  string // empty: one of its own
		state  string
	}{
		"none":               {nil, "", ""},
		"valid":              {header{parent, aParent}, aTrace, ""},
		"a later version":    {header{parent, "cc-" + aTrace + span + "01-more"}, aTrace, ""},
		"version ff":         {header{parent, "ff-" + aTrace + span + "01"}, "", ""},
		"upper case":         {header{parent, strings.ToUpper(aParent)}, "", ""},
		"zeros":              {header{parent, "00-" + strings.Repeat("0", 32) + span + "01"}, "", ""},
		"no span":            {header{parent, "00-" + aTrace + "-0000000000000000-01"}, "", ""},
		"short":              {header{parent, "00-" + aTrace}, "", ""},
		"not hexadecimal":    {header{parent, strings.Replace(aParent, "a", "x", 1)}, "", ""},
		"control characters": {header{parent, aParent + "\x00\x1b[2J"}, "", ""},
		"two":                {header{parent, aParent, parent, aParent}, "", ""},
		"huge":               {header{parent, "01-" + aTrace + span + "01-" + strings.Repeat("x", 9_999)}, "", ""},
		"with a state":       {header{parent, aParent, state, "a=1"}, aTrace, "a=1"},
		"a malformed state":  {header{parent, aParent, state, "a=\x01,=,"}, aTrace, ""},
		"a member twice":     {header{parent, aParent, state, "a=1,a=2"}, aTrace, ""},
		"a huge state": {header{parent, aParent, state, member, state, "b" + member, state, "c" + member},
			aTrace, ""},
		"a state alone":     {header{state, "a=1"}, "", ""},
		"33 members in it":  {header{parent, aParent, state, members(33)}, aTrace, ""},
		"32 members in it":  {header{parent, aParent, state, members(32)}, aTrace, members(32)},
		"not to be sampled": {header{parent, strings.TrimSuffix(aParent, "1") + "0"}, "none", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newTraced(t, &receiver{}, "TRACEPARENT_PROPERTY=true")
				defer s.Close()
				if w := s.post(t, "/api/devices/d1/telemetry", `{}`, tt.header...); w.Code != http.StatusOK {
					t.Fatal(w.Body)
				}
				root := s.receiver.named("POST /api/devices/{deviceId}/telemetry")
				properties := s.azure.Events()[0].Properties
				if tt.trace == "none" {
					if len(root) != 0 || !strings.HasSuffix(properties["traceparent"], "-00") {
						t.Errorf("got %v, properties %v", root, properties)
					}
					return
				}
				if len(root) != 1 {
					t.Fatalf("got %v", root)
				}
				id := fmt.Sprintf("%x", root[0].GetTraceId())
				if tt.trace != "" && id != tt.trace || tt.trace == "" && id == aTrace {
					t.Errorf("trace %s, want %q", id, tt.trace)
				}
				if root[0].GetTraceState() != tt.state || properties["tracestate"] != tt.state {
					t.Errorf("state %q, properties %v, want %q", root[0].GetTraceState(), properties, tt.state)
				}
				want := fmt.Sprintf("00-%s-%x-01", id, root[0].GetSpanId())
				if got := properties["traceparent"]; got != want {
					t.Errorf("event of %q, want %q", got, want)
				}
			})
		})
	}
}

func members(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("k%d=v", i)
	}
	return strings.Join(all, ",")
}

// Without a receiver the sender's context goes on as it is, where that is asked for.
func TestTraceContextInEvents(t *testing.T) {
	t.Parallel()
	type properties map[string]string
	asked := []string{"TRACEPARENT_PROPERTY=true"}
	own := "00-" + strings.Repeat("1", 32) + "-1111111111111111-00"
	message := func(properties string) string {
		return `{"device":{"deviceId":"d1"},"measurements":{"t":1},"messageId":"m","properties":` + properties + `}`
	}
	for name, tt := range map[string]struct {
		vars []string
		body string
		want properties
	}{
		"not asked for": {nil, message(`{"a":"b"}`), properties{"a": "b"}},
		"no receiver": {asked, message(`{"a":"b"}`),
			properties{"a": "b", "traceparent": aParent, "tracestate": "a=1"}},
		"disabled":           {[]string{"TRACEPARENT_PROPERTY=true", "OTEL_SDK_DISABLED=true"}, message(`{}`), nil},
		"its own":            {asked, message(`{"traceparent":"` + own + `"}`), properties{"traceparent": own}},
		"its own, otherwise": {asked, message(`{"TraceParent":"` + own + `"}`), properties{"traceparent": own}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newTraced(t, &receiver{}, append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT="}, tt.vars...)...)
				defer s.Close()
				for range 2 { // a resend is recognised, whatever trace it is of
					w := s.post(t, "/api/telemetry", tt.body, "Traceparent", aParent, "Tracestate", "a=1")
					if w.Code != http.StatusOK {
						t.Fatal(w.Body)
					}
				}
				events := s.azure.Events()
				if len(events) != 1 {
					t.Fatalf("%d events", len(events))
				}
				got := properties{}
				for name, value := range events[0].Properties {
					if !strings.HasPrefix(name, "iothub-") {
						got[name] = value
					}
				}
				if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Messages that are of traces of their own are linked to the request's span.
func TestLinks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTraced(t, &receiver{})
		defer s.Close()
		var batch []string
		other := strings.Repeat("2", 32) + "-2222222222222222"
		for i, parent := range []string{aParent, "00-" + other + "-01", "forged", aParent} {
			batch = append(batch, fmt.Sprintf(`{"specversion":"1.0","type":"t","source":"/devices/d%d","id":"%d",`+
				`"traceparent":%q,"tracestate":"x=1","data":{"n":1}}`, i, i, parent))
		}
		w := s.post(t, "/api/cloudevents", "["+strings.Join(batch, ",")+"]",
			"Content-Type", "application/cloudevents-batch+json")
		root := s.receiver.named("POST /api/{source}")
		if len(root) != 1 {
			t.Fatalf("HTTP %d %s: got %v", w.Code, w.Body, s.receiver.spans)
		}
		var links []string
		for _, l := range root[0].GetLinks() {
			links = append(links, fmt.Sprintf("%x-%x %s", l.GetTraceId(), l.GetSpanId(), l.GetTraceState()))
		}
		want := []string{aTrace + "-b7ad6b7169203331 x=1", other + " x=1"}
		if diff := cmp.Diff(want, links); diff != "" {
			t.Error(diff)
		}
	})
}

package transform_test

import (
	"testing"
	"time"

	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// One rule for times that cannot be right, on every route.
func TestClockRoutes(t *testing.T) {
	t.Parallel()
	arrival := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	tr := transform.New()
	source := func(name string) func(*message.Request) (transform.Outcome, error) {
		return func(r *message.Request) (transform.Outcome, error) {
			s, err := tr.Source(name)
			if err != nil {
				return transform.Outcome{}, err
			}
			return s.Map(t.Context(), r)
		}
	}
	device := func(r *message.Request) (transform.Outcome, error) { return tr.Device(r, "a") }
	for _, tt := range []struct {
		name, body, query, media string
		read                     func(*message.Request) (transform.Outcome, error)
		clock, at                string // at is empty for the arrival
	}{
		{"native, 0", `{"device":{"deviceId":"a"},"measurements":{},"timestamp":0}`, "", "", tr.Native, "unset", ""},
		{"native, year 1", `{"device":{"deviceId":"a"},"measurements":{},"timestamp":"0001-01-01T00:00:00Z"}`, "", "", tr.Native, "unset", ""},
		{"native, uptime", `[{"device":{"deviceId":"a"},"measurements":{},"timestamp":52341}]`, "", "", tr.Native, "unset", ""},
		{"native, ahead", `{"device":{"deviceId":"a"},"measurements":{},"timestamp":"2036-02-07T06:28:16Z"}`, "", "", tr.Native, "ahead", ""},
		{"native, history", `{"device":{"deviceId":"a"},"measurements":{},"timestamp":"2009-02-13T23:31:30Z"}`, "", "", tr.Native, "", "2009-02-13T23:31:30Z"},
		{"device, query", `{"t":1}`, "0", "", device, "unset", ""},
		{"device, SenML", `[{"n":"t","v":1,"t":300000000}]`, "", "application/senml+json", device, "unset", ""},
		{"influx, 1970", "m,device=a f=1 52341000000000", "", "", source("influx"), "unset", ""},
		{"influx, ahead", "m,device=a f=1 2084832000000000000", "", "", source("influx"), "ahead", ""},
		{"sigfox", `{"device":"1D00F5","time":0,"data":"0a","seqNumber":1}`, "", "", source("sigfox"), "unset", ""},
		{"a gateway's time instead", `{"deviceInfo":{"devEui":"70b3d57ed0051234"},"time":"1970-01-01T00:00:52Z","rxInfo":[{"gwTime":"2026-03-14T11:59:59Z"}],"object":{"t":1}}`,
			"", "", source("chirpstack"), "", "2026-03-14T11:59:59Z"},
		{"CloudEvent", `{"specversion":"1.0","type":"t","source":"/devices/a","id":"1","time":"1999-12-31T23:59:59Z","data":{"t":1}}`, "", "", source("cloudevents"), "unset", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &message.Request{Body: []byte(tt.body), Received: arrival, Header: map[string][]string{"Content-Type": {tt.media}}}
			if tt.query != "" {
				r.Query = map[string][]string{"timestamp": {tt.query}}
			}
			out, err := tt.read(r)
			if err != nil {
				t.Fatal(err)
			}
			want := arrival.Format(time.RFC3339)
			if tt.at != "" {
				want = tt.at
			}
			m := out.Messages[0]
			if got := m.Time.Format(time.RFC3339Nano); got != want || m.Properties["clock"] != tt.clock {
				t.Errorf("got %s, clock %q", got, m.Properties["clock"])
			}
		})
	}
}

// A source says what a time without a zone means.
func TestSourceZone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, expression, want string }{
		{"", ".at", "2026-07-01T12:00:00Z"},
		{"Europe/Berlin", ".at", "2026-07-01T10:00:00Z"},
		{"Europe/Berlin", ".at | utc", "2026-07-01T10:00:00Z"},
		{"Europe/Berlin", ".at | epoch", "2026-07-01T10:00:00Z"},
		{"refuse", ".at", ""},
		{"refuse", ".at | utc", ""},
		{"refuse", ".none | utc", "0001-01-01T00:00:00Z"},
	} {
		tr := transform.New()
		err := tr.Add("mayfly.yaml", []transform.Definition{{
			Name: "x", DeviceID: mapping.Expr{Text: `"a"`}, Measurements: mapping.Expr{Text: "{t: 1}"},
			Timestamp: mapping.Expr{Text: tt.expression}, Zone: tt.zone,
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := tr.Source("x")
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Map(t.Context(), &message.Request{Body: []byte(`{"at":"2026-07-01T12:00:00"}`)})
		if tt.want == "" {
			wantError(t, err, message.Invalid, []string{"timestamp", "no time zone"})
		} else if err != nil || out.Messages[0].Time.Format(time.RFC3339) != tt.want {
			t.Errorf("%s, %s: got %v, %v", tt.zone, tt.expression, out.Messages, err)
		}
	}
	err := transform.New().Add("mayfly.yaml", []transform.Definition{{Name: "x", From: "milesight", Zone: "Mars/Base"}}, nil)
	if err == nil {
		t.Error("Mars has a zone")
	}
}

package function_test

import (
	"net/http"
	"strings"
	"testing"

	"mayfly/emulator"
)

// The query is read as senders write it: curl leaves the semicolon of a DTMI as it is.
func TestQueryOfDevices(t *testing.T) {
	t.Parallel()
	const malformed = "Unprocessable Entity invalid-message"
	tests := []struct{ name, query, want, shows string }{
		{"a DTMI as it is", "modelId=dtmi:com:x:Thermo;1", ok, `dtmi:com:x:Thermo;1`},
		{"a DTMI encoded", "modelId=dtmi:com:x:Thermo%3B1", ok, `dtmi:com:x:Thermo;1`},
		{"a message id with a semicolon", "messageId=a;b", ok, `a;b`},
		{"a percent sign that begins nothing", "timestamp=2026%zz", malformed, ""},
		{"a time and a DTMI", "timestamp=1795305600&modelId=dtmi:com:x:Thermo;1", ok, "2026-11-22T00:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, "", "AUTH=none")
			r := request(t, http.MethodPost, "/api/devices/d-1/telemetry", `{"n":1}`)
			r.URL.RawQuery = tt.query
			if got := h.do(r); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			shown := page(t, h.azure.ConsoleHandler(), "/devices") + page(t, h.azure.ConsoleHandler(), "/events")
			if !strings.Contains(shown, tt.shows) {
				t.Errorf("%s is not in %s", tt.shows, shown)
			}
		})
	}
}

// Two series of one scrape may differ by a property alone. What is sent again as it
// was is one event.
func TestPropertiesTellMessagesApart(t *testing.T) {
	t.Parallel()
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
	if err != nil {
		t.Fatal(err)
	}
	h := bridgeOn(t, azure, azure.RoundTripper(), "", "AUTH=none")
	for i, tt := range []struct {
		target, body string
		events       int
	}{
		{"/api/influx?precision=s", "cpu,host=h1,cpu=cpu0 usage=1 1795305600", 1},
		{"/api/influx?precision=s", "cpu,host=h1,cpu=cpu1 usage=1 1795305600", 2},
		{"/api/influx?precision=s", "cpu,host=h1,cpu=cpu0 usage=1 1795305600", 2},
		{"/api/telemetry", `{"device":{"deviceId":"d"},"measurements":{"n":1},"timestamp":5,"properties":{` +
			`"s":"1","t":"2"}}`, 3},
		{"/api/telemetry", `{"device":{"deviceId":"d"},"measurements":{"n":1},"timestamp":5,"properties":{` +
			`"s":"2","t":"2"}}`, 4},
		{"/api/telemetry", `{"device":{"deviceId":"d"},"measurements":{"n":1},"timestamp":5,"properties":{` +
			`"t":"2","s":"1"}}`, 4},
	} {
		contentType := "application/json"
		if strings.Contains(tt.target, "influx") {
			contentType = "text/plain"
		}
		got := h.send(http.MethodPost, tt.target, tt.body, "Content-Type", contentType)
		if n := len(azure.Events()); n != tt.events || got != ok && got != "No Content" {
			t.Errorf("request %d: %s, %d events, want %d", i, got, n, tt.events)
		}
	}
}

// A message that no hub would take does not cost the others.
func TestOneMessageTooLarge(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	large := `{"device":{"deviceId":"b"},"measurements":{"text":"` + strings.Repeat("x", 300<<10) + `"}}`
	if got := h.send(http.MethodPost, "/api/telemetry", "["+native+","+large+"]"); got != "Multi-Status" ||
		len(h.azure.Events()) != 1 {
		t.Errorf("%s, %d events", got, len(h.azure.Events()))
	}
}

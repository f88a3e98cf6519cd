package basepath_test

import (
	"net/url"
	"testing"

	"mayfly/function/internal/basepath"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, want string
		wrong      bool
	}{
		{"", "", false},
		{"/", "", false},
		{"telemetry", "/telemetry", false},
		{"/telemetry", "/telemetry", false},
		{"/telemetry/", "/telemetry", false},
		{"/iot/v1.2", "/iot/v1.2", false},
		{"/iot//v1", "", true},
		{"/iot/../v1", "", true},
		{"/iot v1", "", true},
		{"/iot?x", "", true},
		{"/i%6ft", "", true},
		{"https://example.com/iot", "", true},
	} {
		got, err := basepath.Parse(tt.text)
		if got != tt.want || (err != nil) != tt.wrong {
			t.Errorf("%q: %q, %v", tt.text, got, err)
		}
	}
}

func TestStrip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, base, want string }{
		{"/api/telemetry", "", "/api/telemetry"},
		{"/iot/api/telemetry", "/iot", "/api/telemetry"},
		{"/iot/v1/api/telemetry", "/iot/v1", "/api/telemetry"},
		{"/iot", "/iot", "/"},
		{"/iot/", "/iot", "/"},
		{"/iot/healthz", "/iot", "/healthz"},
		{"/iot/docs", "/iot", "/docs"},
		{"/iotx/api/telemetry", "/iot", "/iotx/api/telemetry"},
		{"/api/telemetry", "/iot", "/api/telemetry"},
		{"/healthz", "/iot", "/healthz"},
		{"/api/telemetry", "/api", "/api/telemetry"},
		{"/api/api/telemetry", "/api", "/api/telemetry"},
		{"/api/healthz", "/api", "/healthz"},
		{"/IOT/api/telemetry", "/iot", "/IOT/api/telemetry"},
	} {
		if got := basepath.Strip(tt.path, tt.base); got != tt.want {
			t.Errorf("%s without %s: %s, want %s", tt.path, tt.base, got, tt.want)
		}
	}
}

func TestStripURL(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("https://example.com/iot/api/devices/a%2Fb/telemetry?x=1")
	if err != nil {
		t.Fatal(err)
	}
	want := "https://example.com/api/devices/a%2Fb/telemetry?x=1"
	if got := basepath.StripURL(u, "/iot").String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

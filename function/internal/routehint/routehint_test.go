package routehint_test

import (
	"strings"
	"testing"

	"mayfly/function/internal/routehint"
)

const (
	wantTelemetry = "did you mean /api/telemetry?"
	wantDevice    = "did you mean /api/devices/{deviceId}/telemetry?"
	wantID        = "the id of the device is missing: POST to /api/devices/{deviceId}/telemetry"
)

func TestFor(t *testing.T) {
	t.Parallel()
	sources := []string{"tts", "helium", "chirpstack", "wunderground"}
	for _, tt := range []struct{ path, want string }{
		{"/api/telemetrie", wantTelemetry},
		{"/api/telemtry", wantTelemetry},
		{"/api/Telemetry", wantTelemetry},
		{"/API/telemetry", wantTelemetry},
		{"/api/telemetry/d-1", wantTelemetry},
		{"/telemetry", wantTelemetry},
		{"/telemetry/", wantTelemetry},
		{"/apis/telemetry", wantTelemetry},
		{"/v1/telemetry", wantTelemetry},
		{"/api/v2/telemetry", wantTelemetry},
		{"/iot/api/telemetry", wantTelemetry + " Where something in front adds the path before it, set BASE_PATH"},
		{"/v1/api/tts", "did you mean /api/tts? Where something in front adds the path before it, set BASE_PATH"},
		{"/api/api/telemetry", wantTelemetry + " Where something in front adds the path before it, set BASE_PATH"},
		{"/api/telemetry&code=KEY", wantTelemetry},
		{"/api/telemetry?code=KEY", wantTelemetry},
		{"/api/telemetry ", wantTelemetry},
		{"/api/tts&x=1", "did you mean /api/tts?"},
		{"/api/device/d-1/telemetry", wantDevice},
		{"/api/devices/d-1", wantDevice},
		{"/api/devices/d-1/telemetri", wantDevice},
		{"/api/devices/d-1/telemetry/now", wantDevice},
		{"/api/things/d-1/telemetry", wantDevice},
		{"/devices/d-1/telemetry", wantDevice},
		{"/api/devices/telemetry", wantID},
		{"/api/devices", wantID},
		{"/api/devices/", wantID},
		{"/api/ttn", "did you mean /api/tts?"},
		{"/api/chirpstak", "did you mean /api/chirpstack?"},
		{"/api/HELIUM", "did you mean /api/helium?"},
		{"/tts", "did you mean /api/tts?"},
		{"/api/injest", "did you mean /api/ingest?"},
		{"/api/foo", routehint.Routes},
		{"/api", routehint.Routes},
		{"/api/", routehint.Routes},
		{"/favicon.ico", ""},
		{"/", ""},
		{"/.well-known/x", ""},
		{"/wp-login.php", ""},
		{"/a/b/c/d/e/f/g/h/i", ""},
		{"/api/" + strings.Repeat("x", 100_000), routehint.Routes},
		{strings.Repeat("/api", 20_000), ""},
	} {
		if got := routehint.For(tt.path, sources); got != tt.want {
			t.Errorf("%.80s: %q, want %q", tt.path, got, tt.want)
		}
	}
}

// Nothing of a path comes back, whatever it is.
func FuzzFor(f *testing.F) {
	f.Add("/api/\x1b[2J/telemetry")
	f.Add("/<script>/api/tts")
	f.Fuzz(func(t *testing.T, path string) {
		got := routehint.For(path, []string{"tts"})
		if strings.Trim(got, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/{}?:,_ ") != "" || len(got) > 200 {
			t.Errorf("%q: %q", path, got)
		}
	})
}

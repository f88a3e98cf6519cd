package function_test

import (
	"net/http"
	"testing"

	"mayfly/function"
)

// What is served is served below BASE_PATH as well, and is served without it for probes
// and for proxies that take it off themselves.
func TestBasePath(t *testing.T) {
	t.Parallel()
	const notFound = "Not Found no-source"
	for _, tt := range []struct{ base, method, path, want string }{
		{"/iot", http.MethodPost, "/iot/api/telemetry", ok},
		{"iot/", http.MethodPost, "/iot/api/telemetry", ok},
		{"/iot/v1", http.MethodPost, "/iot/v1/api/telemetry", ok},
		{"/iot", http.MethodPost, "/iot//api/telemetry", ok},
		{"/iot", http.MethodPost, "/iot/api/telemetry/", ok},
		{"/iot", http.MethodPost, "/api/telemetry", ok},
		{"/iot", http.MethodPost, "/iot/api/devices/d%2D1/telemetry", ok},
		{"/iot", http.MethodGet, "/iot", ok},
		{"/iot", http.MethodGet, "/iot/healthz", ok},
		{"/iot", http.MethodGet, "/healthz", ok},
		{"/api", http.MethodPost, "/api/telemetry", ok},
		{"/api", http.MethodPost, "/api/api/telemetry", ok},
		{"/iot", http.MethodPost, "/other/api/telemetry", notFound},
		{"/iot", http.MethodPost, "/iotx/api/telemetry", notFound},
		{"", http.MethodPost, "/iot/api/telemetry", notFound},
	} {
		h := newBridge(t, "", "AUTH=none", "BASE_PATH="+tt.base)
		if got := h.send(tt.method, tt.path, native); got != tt.want {
			t.Errorf("BASE_PATH=%s: %s %s: %s, want %s", tt.base, tt.method, tt.path, got, tt.want)
		}
	}
	for _, wrong := range []string{"/a/../b", "/a b", "https://example.com/iot", "/iot?x=1"} {
		if _, err := function.LoadConfig([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=none",
			"BASE_PATH=" + wrong}); err == nil {
			t.Errorf("BASE_PATH=%s is taken", wrong)
		}
	}
}

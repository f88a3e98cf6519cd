package hosttest

import "testing"

func TestRoute(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		prefix, template string
		methods          []string
		method, path     string
		want             bool
	}{
		{"catch-all", "", "{*path}", nil, "POST", "/api/telemetry", true},
		{"catch-all-root", "", "{*path}", nil, "GET", "/", true},
		{"catch-all-admin", "", "{*path}", nil, "GET", "/admin/host/status", false},
		{"prefix", "api", "{*path}", nil, "POST", "/api/telemetry", true},
		{"prefix-missing", "api", "{*path}", nil, "POST", "/telemetry", false},
		{"literal", "api", "telemetry", []string{"post"}, "POST", "/api/telemetry", true},
		{"literal-case", "api", "telemetry", []string{"post"}, "POST", "/API/Telemetry", true},
		{"method", "api", "telemetry", []string{"post"}, "GET", "/api/telemetry", false},
		{"longer", "api", "telemetry", nil, "POST", "/api/telemetry/x", false},
		{"shorter", "api", "telemetry", nil, "POST", "/api", false},
		{"parameter", "api", "devices/{id}/telemetry", nil, "POST", "/api/devices/d1/telemetry", true},
		{"parameter-rule", "api", "devices/{id:alpha}", nil, "POST", "/api/devices/d", true},
		{"parameter-missing", "api", "devices/{id}", nil, "POST", "/api/devices", false},
		{"optional", "api", "devices/{id?}", nil, "POST", "/api/devices", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := newRoute(tt.prefix, tt.template, tt.methods).matches(tt.method, tt.path); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

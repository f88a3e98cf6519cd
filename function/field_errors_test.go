package function_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The answer to a body that is wrong throughout names its first hundred faults.
func TestFieldErrorsAreBounded(t *testing.T) {
	t.Parallel()
	list := func(item string, n int) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	for name, tt := range map[string]struct {
		target, body string
		want         int
	}{
		"native, one":        {"/api/telemetry", list(`{"measurements":{"n":1}}`, 1), 1},
		"native, 100":        {"/api/telemetry", list(`{"measurements":{"n":1}}`, 100), 100},
		"native, 101":        {"/api/telemetry", list(`{"measurements":{"n":1}}`, 101), 100},
		"native, 400 in 200": {"/api/telemetry", list(`{"measurements":1}`, 200), 100},
		"a source, 101":      {"/api/mine", list(`{}`, 101), 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const file = `sources: [{name: mine, each: ".[]", deviceId: .id, measurements: "{n: 1}"}]`
			h := newBridge(t, file, "AUTH=none")
			w := httptest.NewRecorder()
			h.service.ServeHTTP(w, request(t, http.MethodPost, tt.target, tt.body))
			var p struct{ Errors []any }
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Errors) != tt.want {
				t.Errorf("%d errors, want %d: %.300s", len(p.Errors), tt.want, w.Body)
			}
		})
	}
}

package main_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"mayfly/emulator"
	"mayfly/internal/hosttest"
)

// Behind a Functions host that is too old the client and the log are told so, with the versions.
func TestFunctionsHostThatIsTooOld(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = environment(t, azure, "AUTH=")
	host := hosttest.StartFunctionsHost(t, "../..", cmd)
	old := httptest.NewServer(host.WithoutProxying("function"))
	t.Cleanup(old.Close)
	for _, path := range []string{"/api/telemetry", "/api/tts", "/healthz"} {
		res, err := http.Post(old.URL+path, "application/json", strings.NewReader(`{"x":1}`))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotImplemented ||
			!strings.Contains(string(body), `"code":"unsupported-host"`) ||
			!strings.Contains(string(body), "this one is 4.1037.0.23568") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	if log := host.Process().Output(); strings.Count(log, `"code":"unsupported-host"`) != 3 ||
		!strings.Contains(log, "4.1041") {
		t.Errorf("log:\n%s", log)
	}
}

package main_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mayfly/emulator"
)

// The page of metrics is good for Prometheus' own checks, and has all that docs/metrics.md lists for a bridge that has
// worked. PROMTOOL names the program that checks it.
func TestMetricsPage(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = environment(t, azure, "PORT=0")
	url := startServer(t, cmd)
	get := func(path string) string {
		t.Helper()
		res, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, path := range []string{"/api/devices/a/telemetry", "/api/tts", "/api/devices/a/telemetry"} {
		res, err := http.Post(url+path, "application/json", strings.NewReader(`{"t":1}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	text := get("/metrics")
	for _, name := range []string{"mayfly_requests_total", "mayfly_build_info", "go_goroutines", "process_open_fds"} {
		if !strings.Contains(text, "\n# TYPE "+name+" ") {
			t.Errorf("the page lacks %s:\n%s", name, text)
		}
	}
	tool := os.Getenv("PROMTOOL")
	if tool == "" {
		return // .ci/run sets it
	}
	check := exec.CommandContext(t.Context(), tool, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

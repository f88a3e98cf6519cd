package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/internal/hosttest"
)

// On Lambda each request is followed by a line for CloudWatch, whole, before the function is frozen, and not in the
// form of the log. EMF_LINES names a file that gets the lines, for a reader that nobody here has written (tools/emf).
func TestMetricsInTheLogOfLambda(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	azure.Disable("refused")
	api := hosttest.StartRuntimeAPI(t)
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = environment(t, azure, "METRICS=emf", "LOG_FORMAT=text", "METRICS_NAMESPACE=Fleet/Mayfly")
	process := api.Start(t, cmd)
	client := hosttest.Fronts()[0].Client(api.Invoker())
	send := func(path, body string) {
		t.Helper()
		res, err := client.Post("https://front.example"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	// written gives line number n, which the process has written and the test reads in its own time.
	written := func(n int) string {
		for range 500 {
			var lines []string
			for line := range strings.Lines(process.Output()) {
				if strings.HasPrefix(line, "{") {
					lines = append(lines, line)
				}
			}
			if len(lines) > n && strings.HasSuffix(lines[n], "}\n") {
				return lines[n]
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("no line %d in:\n%s", n, process.Output())
		return ""
	}
	requests := [][3]string{ // path, body, and a metric that is counted
		{"/api/devices/a/telemetry", `{"t":1}`, "mayfly_messages_total_delivered"},
		{"/api/devices/a/telemetry", `{"t":2}`, "mayfly_messages_total_delivered"},
		{"/api/devices/refused/telemetry", `{"t":2}`, "mayfly_messages_total_rejected"},
		{"/api/telemetry", `{`, "mayfly_messages_total_rejected"},
		{"/api/no-such-source", `{}`, "mayfly_requests_total"},
	}
	var all []string
	for _, r := range requests {
		send(r[0], r[1])
		line := written(len(all))
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || v[r[2]] != 1.0 || v["service"] != "mayfly" {
			t.Errorf("%s: %v in %s", r[0], err, line)
		}
		if !strings.Contains(line, `"Namespace":"Fleet/Mayfly"`) || strings.Contains(line, "no-such") {
			t.Error(line)
		}
		all = append(all, line)
	}
	if res, err := client.Get("https://front.example/healthz"); err != nil || res.StatusCode != http.StatusOK {
		t.Error(err)
	}
	send("/api/devices/a/telemetry", `{"t":3}`)
	all = append(all, written(len(all)))
	if n := strings.Count(process.Output(), `"_aws"`); n != len(requests)+1 {
		t.Errorf("%d lines for %d requests and a health check", n, len(requests)+1)
	}
	if name := os.Getenv("EMF_LINES"); name != "" {
		if err := os.WriteFile(name, []byte(strings.Join(all, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

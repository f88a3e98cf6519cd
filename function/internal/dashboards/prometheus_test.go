//go:build prometheus

package dashboards

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/state/redis/redistest"
)

// Prometheus takes the alerts, and raises them when it should.
func TestAlertsInPrometheus(t *testing.T) {
	t.Parallel()
	rules, err := filepath.Abs(root + "deploy/prometheus/mayfly.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/alerts.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := filepath.Join(t.TempDir(), "alerts.test.yaml")
	if err := os.WriteFile(tests, []byte(strings.Replace(string(text), "RULES", rules, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", "rules", rules}, {"test", "rules", tests}} {
		if out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// The queries of the dashboard give values for what the program serves, and those of the alerts can be asked.
func TestQueriesGiveValues(t *testing.T) {
	t.Parallel()
	// What an ordinary run does not have, and why.
	justified := map[string]string{
		"mayfly_exports_total":  "nothing is exported over OTLP here",
		"mayfly_pushes_total":   "no cloud of devices is there",
		"mayfly_commands_total": "no device waits for commands",
	}
	bridge := startBridge(t, redistest.Start(t).URL())
	prometheus := startPrometheus(t, bridge, startAlone(t))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go load(ctx, bridge)
	deadline := time.Now().Add(90 * time.Second)
	expand := strings.NewReplacer("$job", ".*", "$instance", ".*", interval, "20s")
	for _, r := range rows() {
		for _, p := range r.panels {
			for i := range p.series {
				query := expand.Replace(p.series[i].promQL(scope, interval))
				if justified[p.series[i].of().Name] != "" {
					ask(t, prometheus, query)
					continue
				}
				for len(ask(t, prometheus, query)) == 0 {
					if time.Now().After(deadline) {
						t.Errorf("%s: nothing for %s", p.title, query)
						break
					}
					time.Sleep(500 * time.Millisecond)
				}
			}
		}
	}
	for _, a := range alerts() {
		ask(t, prometheus, a.promQL())
	}
	page := get(t, bridge+"/metrics")
	check := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	check.Stdin = strings.NewReader(page)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// startBridge builds the program and runs it with an emulator and a queue of its own; it gives the bridge's address.
func startBridge(t *testing.T, state string) string {
	t.Helper()
	program := build(t, "mayfly")
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"owner":"north"}`)
	}))
	t.Cleanup(service.Close)
	folder, port := t.TempDir(), freePort(t)
	for name, text := range map[string]string{
		"mayfly.yaml": "tables: [{name: assets, file: assets.csv, key: serial}]\n" +
			"lookups: [{name: crm, allow: private, url: '" + service.URL + "/\\(.serial)'}]\n" +
			"enrich: [{table: assets, on: .serial, fields: [site]}, {lookup: crm, fields: [owner]}]\n" +
			"sources: [{name: later, deviceId: .id, measurements: '{n}', durable: always}]\n",
		"assets.csv": "serial,site\nSN-1,Delft\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := []string{"CONFIG=" + filepath.Join(folder, "mayfly.yaml"), "STATE=" + state}
	start(t, environ, program, "dev", "--port", port, "--emulator-port", freePort(t), "--console-port", freePort(t),
		"--queue", filepath.Join(folder, "queue"), "--retry-after", "1s")
	await(t, "http://127.0.0.1:"+port+"/readyz")
	return "http://127.0.0.1:" + port
}

// startAlone runs the program of production, which knows its codec workers and its log; nothing is sent to it.
func startAlone(t *testing.T) string {
	t.Helper()
	program, port := build(t, "bootstrap"), freePort(t)
	start(t, []string{
		"ID_SCOPE=0ne00000000", "GROUP_KEY=bWF5Zmx5", "AUTH=none", "HOST=127.0.0.1", "PORT=" + port,
	}, program)
	await(t, "http://127.0.0.1:"+port+"/readyz")
	return "http://127.0.0.1:" + port
}

// build builds a program of this module.
func build(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	command := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/"+name)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func startPrometheus(t *testing.T, targets ...string) string {
	t.Helper()
	for i, target := range targets {
		targets[i] = strings.TrimPrefix(target, "http://")
	}
	folder, port := t.TempDir(), freePort(t)
	config := filepath.Join(folder, "prometheus.yml")
	text := "scrape_configs: [{job_name: mayfly, scrape_interval: 1s, static_configs: [{targets: [\"" +
		strings.Join(targets, "\", \"") + "\"]}]}]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, nil, "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address=127.0.0.1:"+port)
	await(t, "http://127.0.0.1:"+port+"/-/ready")
	return "http://127.0.0.1:" + port
}

// start runs a program until the test ends.
func start(t *testing.T, environ []string, program string, args ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(environ, "PATH="+os.Getenv("PATH"))
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = command.Wait() // it was interrupted
	})
}

// load sends requests of many kinds, until ctx ends.
func load(ctx context.Context, bridge string) {
	uplink := `{"end_device_ids":{"device_id":"a-%d"},"received_at":"2026-03-14T10:00:00Z",` +
		`"uplink_message":{"f_port":1,%s}}`
	for n := 0; ctx.Err() == nil; n++ {
		for path, body := range map[string]string{
			"/api/devices/known/telemetry":                  fmt.Sprintf(`{"n":%d,"serial":"SN-1"}`, n),
			fmt.Sprintf("/api/devices/new-%d/telemetry", n): `{"n":1}`,
			"/api/telemetry":                                `{"device":{}}`,
			"/api/tts":                                      fmt.Sprintf(uplink, n, `"frm_payload":"AQ=="`),
			"/api/ingest":                                   `{"end_device_ids":{"device_id":"a"},"join_accept":{}}`,
			"/api/later":                                    fmt.Sprintf(`{"id":"known","n":%d}`, n),
			"/api/nothing":                                  `{}`,
		} {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, bridge+path, strings.NewReader(body))
			if err != nil {
				return
			}
			r.Header.Set("Content-Type", "application/json")
			if resp, err := http.DefaultClient.Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// ask gives the values of a query, those that are none left out.
func ask(t *testing.T, prometheus, query string) []string {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct{ Value [2]any }
		}
	}
	text := get(t, prometheus+"/api/v1/query?query="+url.QueryEscape(query))
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s: %v %s", query, err, text)
	}
	var values []string
	for _, r := range answer.Data.Result {
		if value, ok := r.Value[1].(string); ok && value != "NaN" {
			values = append(values, value)
		}
	}
	return values
}

func get(t *testing.T, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func await(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", address, err)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

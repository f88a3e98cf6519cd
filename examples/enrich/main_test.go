package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/emulator"
	"mayfly/function"
)

// The example runs against the emulator, with the service at another port.
func TestExample(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(handler())
	t.Cleanup(service.Close)
	text, err := os.ReadFile("mayfly.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	config := strings.Replace(string(text), "http://127.0.0.1:7090", service.URL, 1)
	if config == string(text) {
		t.Fatal("mayfly.yaml names another service")
	}
	assets, err := os.ReadFile("assets.csv")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"mayfly.yaml": []byte(config), "assets.csv": assets} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	c, err := function.LoadConfig([]string{"AUTH=none", "ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(),
		"CONFIG=" + filepath.Join(folder, "mayfly.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	transport := azure.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	s := function.New(c, function.Dependencies{DPS: transport, Hub: transport, Log: slog.New(slog.DiscardHandler)})
	for _, device := range []string{"tank-1", "tank-9"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/telemetry", strings.NewReader(
			`{"device":{"deviceId":"`+device+`"},"measurements":{"level":0.71}}`))
		r.Header.Set("Content-Type", "application/json")
		if s.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", device, w.Code, w.Body)
		}
	}
	want := []string{
		`{"level":0.71,"weather":{"conditions":"rain","temperature":4.5}} Acme cellar north`, `{"level":0.71} unknown`,
	}
	events := azure.Events()
	if len(events) != len(want) {
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		p := e.Properties
		got := strings.TrimSpace(strings.Join([]string{string(e.Body), p["customer"], p["room"], p["site"]}, " "))
		if got != want[i] {
			t.Errorf("%s, want %s", got, want[i])
		}
	}
}

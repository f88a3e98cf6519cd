package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/emulator"
)

// On every host, what waits for a device is pushed after its uplink was answered, and completed; and an event is pushed
// while its sender waits.
func TestPushOnEveryHost(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var pushed []string
	lns := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		pushed = append(pushed, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
		_, _ = io.WriteString(w, "{}")
	}))
	defer lns.Close()
	file := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(file, []byte("sources:\n  - from: tts\n    downlink: {push: {to: \""+lns.URL+
		"\", key: the-key, settings: {application: a, webhook: w}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, w := range ways(t, "CONFIG="+file) {
		t.Run(w.name, func(t *testing.T) {
			mu.Lock()
			pushed = nil
			mu.Unlock()
			m := emulator.Message{MessageID: "c-1", Body: []byte("\x01\xff"),
				Properties: map[string]string{"fPort": "3"}}
			if err := w.azure.SendToDevice("known", m); err != nil {
				t.Fatal(err)
			}
			post := func(path, body string) {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/json")
				res, err := w.client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = res.Body.Close() }()
				answer, err := io.ReadAll(res.Body)
				if got := fmt.Sprint(res.StatusCode, " ", strings.TrimSpace(string(answer))); err != nil ||
					got != `200 {"delivered":1}` {
					t.Fatalf("%s: %s %v", path, got, err)
				}
			}
			post("/api/tts", `{"end_device_ids":{"device_id":"known"},
				"uplink_message":{"f_port":1,"frm_payload":"AQ=="}}`)
			for range 1000 {
				if len(w.azure.Feedback()) == 1 {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			if f := w.azure.Feedback(); len(f) != 1 || f[0].Outcome != emulator.Success {
				t.Errorf("%+v", f)
			}
			post("/api/downlink/tts", `{"deviceId":"known","hex":"0a"}`)
			const where = "POST /api/v3/as/applications/a/webhooks/w/devices/known/down/push Bearer the-key "
			want := where +
				`{"downlinks":[{"confirmed":false,"f_port":3,"frm_payload":"Af8=","priority":"NORMAL"}]}` + "\n" +
				where + `{"downlinks":[{"confirmed":false,"f_port":1,"frm_payload":"Cg==","priority":"NORMAL"}]}`
			mu.Lock()
			defer mu.Unlock()
			if got := strings.Join(pushed, "\n"); got != want {
				t.Errorf("pushed\n%s\nwant\n%s", got, want)
			}
		})
	}
}

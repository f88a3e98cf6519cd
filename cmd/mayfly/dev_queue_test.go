package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const hubsDown = `[{"id":"down","endpoint":"send","status":503}]`

// TestDevDurable: while the hubs are down messages wait, also while dev is stopped, and arrive afterwards.
func TestDevDurable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "queue")
	start := func(t *testing.T) (bridge, console string) {
		stdout := running(t, []string{"QUEUE=file:/nowhere"}, "dev", "--queue", dir, "--port", "0",
			"--emulator-port", "0", "--console-port", "0", "--retry-after", "1ms")
		return stdout.await(t, `bridge    (http://\S+)`)[1], stdout.await(t, `console   (http://\S+)`)[1]
	}
	t.Run("down", func(t *testing.T) {
		bridge, console := start(t)
		_, _ = request(t, http.MethodPost, console+"/faults", "application/json", hubsDown)
		url := bridge + "/api/devices/d-1/telemetry"
		status, body := request(t, http.MethodPost, url, "application/json", `{"n":1}`)
		if status != http.StatusAccepted || !strings.Contains(body, `"accepted":1`) {
			t.Fatalf("while the hubs are down: %d %s", status, body)
		}
		_, body = request(t, http.MethodGet, console+"/console/queue", "", "")
		var queue struct {
			Name  string
			Items int
		}
		if err := json.Unmarshal([]byte(body), &queue); err != nil || queue.Items != 1 || queue.Name != "file:"+dir {
			t.Fatalf("%s, %v", body, err)
		}
	})
	t.Run("up", func(t *testing.T) {
		_, console := start(t)
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if _, body := request(t, http.MethodGet, console+"/events", "", ""); strings.Contains(body, `"n":1`) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("what was accepted does not arrive")
			}
		}
	})
}

func TestDevDurableNeedsAFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := command(t, nil, "dev", "--queue", file, "--port", "0", "--emulator-port", "0",
		"--console-port", "0")
	if code != exitFailed || !strings.Contains(errs, "not a directory") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

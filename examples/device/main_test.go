package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mayfly/emulator"
	"mayfly/internal/hosttest"
)

// The example runs unmodified against the emulator.
func TestExample(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, azure.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), hosttest.Build(t, "."))
	cmd.Env = []string{"ID_SCOPE=" + azure.IDScope(), "DEVICE_ID=sensor-1", "DEVICE_KEY=" + azure.DeviceKey("sensor-1"),
		"SSL_CERT_FILE=" + ca, "HTTPS_PROXY=http://" + azure.ConsoleAddr()}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	events := azure.Events()
	if len(events) != 1 || string(events[0].Body) != `{"temperature":21.5}` || events[0].CreationTime == "" {
		t.Errorf("events: %+v", events)
	}
}

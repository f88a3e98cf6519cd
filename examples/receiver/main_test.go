package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/emulator"
	"mayfly/internal/hosttest"
)

// The example runs unmodified against the emulator.
func TestExample(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	azure.Provision("sensor-1", "")
	for _, id := range []string{"c-1", "c-2"} {
		if err := azure.SendToDevice("sensor-1", emulator.Message{MessageID: id, Command: "reboot"}); err != nil {
			t.Fatal(err)
		}
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, azure.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), hosttest.Build(t, "."))
	cmd.Env = []string{"ID_SCOPE=" + azure.IDScope(), "DEVICE_ID=sensor-1", "DEVICE_KEY=" + azure.DeviceKey("sensor-1"),
		"SSL_CERT_FILE=" + ca, "HTTPS_PROXY=http://" + azure.ConsoleAddr()}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "2: reboot") {
		t.Fatalf("%v\n%s", err, out)
	}
	events, ended := azure.Events(), azure.Feedback()
	if len(events) != 2 || events[1].CorrelationID != "c-2" || len(ended) != 2 || ended[1].Outcome != emulator.Success {
		t.Errorf("events: %+v, ended: %+v", events, ended)
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/emulator"
)

func TestSend(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	url := bridgeTo(t, azure)
	code, out, errs := command(t, nil, "send", "--to", url, "--component", "c1", "--time", "2026-01-02T03:04:05Z",
		"sensor-1", `{"t":21.5}`)
	if code != 0 || !strings.HasPrefix(out, "stored in ") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	if e := azure.Events(); len(e) != 1 || e[0].Device != "sensor-1" || e[0].Component != "c1" ||
		e[0].CreationTime != "2026-01-02T03:04:05Z" {
		t.Errorf("%+v", e)
	}
	azure.Disable("sensor-2")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"refused":        {[]string{"send", "--to", url, "sensor-2", "{}"}, "device-refused"},
		"bad body":       {[]string{"send", "--to", url, "sensor-1", "[1]"}, "invalid-message"},
		"no bridge":      {[]string{"send", "--to", "http://127.0.0.1:1", "sensor-1", "{}"}, "refused"},
		"unconfigured":   {[]string{"send", "sensor-1", "{}"}, "ID_SCOPE"},
		"no such flag":   {[]string{"send", "--nope", "sensor-1", "{}"}, "--nope"},
		"missing device": {[]string{"send"}, "device"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, _, errs := command(t, nil, tt.args...); code == 0 || !strings.Contains(errs, tt.want) {
				t.Errorf("%d %s", code, errs)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	azure.Disable("dev-3")
	file := filepath.Join(t.TempDir(), "messages.ndjson")
	var lines strings.Builder
	for i := range 200 {
		fmt.Fprintf(&lines, `{"device":{"deviceId":"dev-%d"},"measurements":{"n":%d},"messageId":"m-%d"}`+"\n", i%10, i,
			i)
	}
	lines.WriteString("\nnot json\n")
	lines.WriteString(`{"device":{"deviceId":"last"},"measurements":{"n":1},"messageId":"last"}`) // no line end
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, nil, "replay", "--to", bridgeTo(t, azure), file)
	if code != 0 || !strings.Contains(out, "181 sent, 21 rejected") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	if n := len(azure.Events()); n != 181 {
		t.Errorf("%d events", n)
	}
	rejected, err := os.ReadFile(file + ".rejected")
	if err != nil || bytes.Count(rejected, []byte("\n")) != 21 ||
		!bytes.Contains(rejected, []byte(`"device-refused"`)) || !bytes.Contains(rejected, []byte(`"not json"`)) {
		t.Errorf("%v %s", err, rejected)
	}
	if _, err := os.Stat(file + ".position"); !os.IsNotExist(err) {
		t.Errorf("the position was not removed: %v", err)
	}
}

// Azure fails in the middle. The second run continues where the first stopped, and in the end everything is stored.
func TestReplayContinues(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	url := bridgeTo(t, azure)
	file := filepath.Join(t.TempDir(), "messages.ndjson")
	var lines strings.Builder
	for i := range 100 {
		fmt.Fprintf(&lines, `{"device":{"deviceId":"dev-1"},"measurements":{"n":%d},"messageId":"m-%d"}`+"\n", i, i)
	}
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := azure.AddFault(emulator.Fault{ID: "quota", Endpoint: emulator.EndpointSend, Skip: 40, Status: 403,
		ErrorCode: 403002, ErrorName: "IotHubQuotaExceeded"}); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, nil, "replay", "--to", url, "--tries", "1", "--at-once", "4", file)
	if code != 1 || !strings.Contains(errs, "hub-quota") || !strings.Contains(errs, "it continues there") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	azure.RemoveFault("quota")
	code, out, errs = command(t, nil, "replay", "--to", url, file)
	if code != 0 || !strings.Contains(out, "continuing at byte") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	stored := map[string]bool{}
	for _, e := range azure.Events() {
		stored[e.MessageID] = true
	}
	if len(stored) != 100 {
		t.Errorf("%d of 100 messages stored", len(stored))
	}
	if err := os.WriteFile(file+".position", []byte("999999"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, nil, "replay", "--to", url, file); code != 1 ||
		!strings.Contains(errs, "--from-start") {
		t.Errorf("%d %s", code, errs)
	}
}

// Without --to the command is the bridge.
func TestSendWithoutABridge(t *testing.T) {
	t.Parallel()
	// Nothing listens there, so it fails, and the error names the service.
	environ := []string{"ID_SCOPE=0ne00000001", "GROUP_KEY=" + emulator.DefaultGroupKey,
		"DPS_ENDPOINT=https://127.0.0.1:1", "REQUEST_TIMEOUT=1s"}
	code, _, errs := command(t, environ, "send", "sensor-1", "{}")
	if code != exitFailed || !strings.Contains(errs, "dps-unreachable") && !strings.Contains(errs, "out-of-time") {
		t.Errorf("%d %s", code, errs)
	}
}

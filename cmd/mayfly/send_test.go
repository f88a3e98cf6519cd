package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/emulator"
)

// azureEnvironment points commands at an emulator as they would be at Azure.
func azureEnvironment(t *testing.T, azure *emulator.Emulator) []string {
	t.Helper()
	return []string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey()}
}

// bridgeTo runs a bridge in front of an emulator and gives its URL.
func bridgeTo(t *testing.T, azure *emulator.Emulator) string {
	t.Helper()
	return serveBridge(t, azure).URL
}

func command(t *testing.T, environ []string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, environ, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestKeysDerive(t *testing.T) {
	t.Parallel()
	const group = "GROUP_KEY=8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
	const id, key = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
	code, out, _ := command(t, []string{group}, "keys", "derive", id)
	if code != 0 || out != key+"\n" {
		t.Errorf("%d %q", code, out)
	}
	if _, out, _ = command(t, []string{group}, "keys", "derive", id, "b"); !strings.HasPrefix(out, id+" "+key+"\nb ") {
		t.Errorf("%q", out)
	}
	if code, _, errs := command(t, nil, "keys", "derive", id); code != 1 || !strings.Contains(errs, "GROUP_KEY") {
		t.Errorf("%d %q", code, errs)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	url := bridgeTo(t, azure)
	code, out, errs := command(t, nil, "send", "--to", url, "--component", "c1", "--time", "2026-01-02T03:04:05Z", "sensor-1", `{"t":21.5}`)
	if code != 0 || !strings.HasPrefix(out, "stored in ") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	if e := azure.Events(); len(e) != 1 || e[0].Device != "sensor-1" || e[0].Component != "c1" || e[0].CreationTime != "2026-01-02T03:04:05Z" {
		t.Errorf("%+v", e)
	}
	azure.Disable("sensor-2")
	for name, tt := range map[string]struct {
		args []string
		says string
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
			if code, _, errs := command(t, nil, tt.args...); code == 0 || !strings.Contains(errs, tt.says) {
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
		fmt.Fprintf(&lines, `{"device":{"deviceId":"dev-%d"},"measurements":{"n":%d},"messageId":"m-%d"}`+"\n", i%10, i, i)
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
	if err != nil || bytes.Count(rejected, []byte("\n")) != 21 || !bytes.Contains(rejected, []byte(`"device-refused"`)) || !bytes.Contains(rejected, []byte(`"not json"`)) {
		t.Errorf("%v %s", err, rejected)
	}
	if _, err := os.Stat(file + ".position"); !os.IsNotExist(err) {
		t.Errorf("the position is left over: %v", err)
	}
}

// Azure goes away in the middle; the second run goes on where the first stopped,
// and in the end everything is stored.
func TestReplayGoesOn(t *testing.T) {
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
	if _, err := azure.AddFault(emulator.Fault{ID: "quota", Endpoint: emulator.EndpointSend, Skip: 40, Status: 403, ErrorCode: 403002, ErrorName: "IotHubQuotaExceeded"}); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, nil, "replay", "--to", url, "--tries", "1", "--at-once", "4", file)
	if code != 1 || !strings.Contains(errs, "hub-quota") || !strings.Contains(errs, "goes on there") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	azure.RemoveFault("quota")
	code, out, errs = command(t, nil, "replay", "--to", url, file)
	if code != 0 || !strings.Contains(out, "going on at byte") {
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
	if code, _, errs := command(t, nil, "replay", "--to", url, file); code != 1 || !strings.Contains(errs, "--from-start") {
		t.Errorf("%d %s", code, errs)
	}
}

// With no bridge named, the commands are the bridge.
func TestSendWithoutABridge(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	// Azure's names lead nowhere here, so it must fail, and say who did.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr bytes.Buffer
	env := append(azureEnvironment(t, azure), "DPS_ENDPOINT=https://127.0.0.1:1", "REQUEST_TIMEOUT=1s")
	if code := run(ctx, []string{"send", "sensor-1", "{}"}, env, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "dps-unreachable") && !strings.Contains(stderr.String(), "out-of-time") {
		t.Errorf("%d %s", code, stderr.String())
	}
}

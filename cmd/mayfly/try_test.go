package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func runCLI(t *testing.T, environ []string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, environ, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTry(t *testing.T) {
	t.Parallel()
	uplink := file(t, "up.json", `{"end_device_ids":{"device_id":"g-7"},"received_at":"2026-03-14T09:26:53Z","uplink_message":{"f_port":2,"frm_payload":"AWcA4Q=="}}`)
	tests := []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"a person", []string{"try", "tts", uplink}, 0, []string{"device g-7", "iothub-app-fPort: 2", `{"fPort":2,"payload":"016700e1"}`, "payload  \"016700e1\"", "answer 200"}},
		{"found", []string{"try", "ingest", uplink}, 0, []string{"source tts"}},
		{"form, query and header", []string{"try", "soracom", file(t, "b", `{"t":1}`), "-H", "X-Soracom-Imsi: 123", "-q", "a=b"}, 0, []string{"device 123"}},
		{"ignored", []string{"try", "tts", file(t, "j.json", `{"end_device_ids":{},"join_accept":{}}`)}, 0, []string{"ignored: no telemetry"}},
		{"no message", []string{"try", "tts", file(t, "x.json", `{"uplink_message":{}}`)}, 1, []string{"deviceId is missing"}},
		{"no JSON", []string{"try", "tts", file(t, "x.json", `{]`)}, 1, []string{"malformed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := runCLI(t, nil, tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d: %s", code, errs)
			}
			for _, part := range tt.says {
				if !strings.Contains(out, part) {
					t.Errorf("%q is not in:\n%s", part, out)
				}
			}
			if strings.Contains(out, "\x1b") {
				t.Error("colours where there is no terminal")
			}
		})
	}
	code, out, _ := runCLI(t, nil, "try", "--json", "tts", uplink)
	var trace struct {
		Parts []struct {
			Message struct{ DeviceID string }
		}
	}
	if err := json.Unmarshal([]byte(out), &trace); err != nil || code != 0 || len(trace.Parts) != 1 || trace.Parts[0].Message.DeviceID != "g-7" {
		t.Errorf("%v, exit code %d:\n%s", err, code, out)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	code, out, errs := runCLI(t, nil, "check", file(t, "mayfly.yaml", `sources:
  - name: mine
    deviceId: .id
    measurements: .m
    samples:
      - name: right
        request: {body: '{"id":"a","m":{"t":1}}'}
        messages: [{deviceId: a, body: '{"t":1}'}]
      - name: another value
        request: {body: '{"id":"a","m":{"t":2}}'}
        messages: [{deviceId: a, body: '{"t":1}'}]
      - name: no object
        request: {body: '{"id":"a","m":5}'}
        messages: [{deviceId: a, body: '{"t":1}'}]
`))
	if code != 1 {
		t.Errorf("exit code %d: %s", code, errs)
	}
	for _, part := range []string{"mine           3        1     FAIL", "\ntts            ", `FAIL mine, sample "another value"`, `body: want {"t":1}, got {"t":2}`,
		`mayfly.yaml:4:19: source mine: sample "no object": measurements: must give an object`} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in:\n%s", part, out)
		}
	}
	if code, out, errs := runCLI(t, nil, "check", file(t, "mayfly.yaml", "sources: []\n")); code != 0 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

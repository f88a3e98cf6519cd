package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTry(t *testing.T) {
	t.Parallel()
	uplink := file(t, "up.json", `{"end_device_ids":{"device_id":"g-7"},"received_at":"2026-03-14T09:26:53Z",`+
		`"uplink_message":{"f_port":2,"frm_payload":"AWcA4Q=="}}`)
	join := file(t, "join.json", `{"end_device_ids":{},"join_accept":{}}`)
	tests := []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"for people", []string{"try", "tts", uplink}, exitOK, []string{"device g-7", "iothub-app-fPort: 2",
			`{"fPort":2,"payload":"016700e1"}`, "payload  \"016700e1\"", "answer 200"}},
		{"detected", []string{"try", "ingest", uplink}, exitOK, []string{"source tts"}},
		{"form, query and header",
			[]string{"try", "soracom", file(t, "b", `{"t":1}`), "-H", "X-Soracom-Imsi: 123", "-q", "a=b"},
			exitOK, []string{"device 123"}},
		{"ignored", []string{"try", "tts", join}, exitOK, []string{"ignored: not telemetry"}},
		{"no message", []string{"try", "tts", file(t, "x.json", `{"uplink_message":{}}`)}, exitFailed,
			[]string{"deviceId is missing"}},
		{"our own format", []string{"try", "telemetry", file(t, "n.json",
			`{"device":{"deviceId":"g-8"},"measurements":{"t":21.50,"token":"x"}}`)}, exitOK,
			[]string{"device g-8", `{"t":21.50}`, "token was left out", `answer 200 {"delivered":1}`}},
		{"measurements alone",
			[]string{"try", "device", file(t, "d.json", `{"t":21.50}`), "-q", "messageId=m-1"}, exitOK,
			[]string{"device my-device", "iothub-messageid: m-1"}},
		{"our own format, wrong", []string{"try", "telemetry", file(t, "n.json", `{"measurements":5}`)}, exitFailed,
			[]string{"device.deviceId", "measurements"}},
		{"not JSON", []string{"try", "tts", file(t, "x.json", `{]`)}, exitFailed, []string{"malformed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := command(t, nil, tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d: %s", code, errs)
			}
			contains(t, out, tt.want...)
			if strings.Contains(out, "\x1b") {
				t.Error("colors without a terminal")
			}
		})
	}
	code, out, _ := command(t, nil, "try", "--json", "tts", uplink)
	var trace struct {
		Parts []struct {
			Message struct{ DeviceID string }
		}
	}
	if err := json.Unmarshal([]byte(out), &trace); err != nil || code != 0 || len(trace.Parts) != 1 ||
		trace.Parts[0].Message.DeviceID != "g-7" {
		t.Errorf("%v, exit code %d:\n%s", err, code, out)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, nil, "check", file(t, "mayfly.yaml", `sources:
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
	contains(t, strings.Join(strings.Fields(out), " "), " mine 3 1 FAIL ", " tts ")
	contains(t, out, `FAIL mine, sample "another value"`,
		`body: want {"t":1}, got {"t":2}`,
		`mayfly.yaml:4:19: sources[0].measurements: source mine: sample "no object": must give an object`)
	if code, out, errs := command(t, nil, "check", file(t, "mayfly.yaml", "sources: []\n")); code != 0 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// A variable that is set twice has its last value, as in a process.
func TestLastVariableWins(t *testing.T) {
	t.Parallel()
	good := file(t, "good.yaml", "sources: []\n")
	for name, environ := range map[string][]string{
		"CONFIG":  {"CONFIG=" + file(t, "none.yaml", "nonsense"), "CONFIG=" + good},
		"emptied": {"CONFIG=" + file(t, "none.yaml", "nonsense"), "CONFIG="},
	} {
		if code, out, errs := command(t, environ, "check"); code != exitOK {
			t.Errorf("%s: exit code %d: %s%s", name, code, out, errs)
		}
	}
	w := &world{environ: []string{"A=1", "AB=2", "A=3"}}
	if got := w.getenv("A"); got != "3" {
		t.Errorf("A is %q, want 3", got)
	}
}

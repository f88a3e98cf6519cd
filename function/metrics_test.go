package function_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
	"mayfly/function"
)

// What is ignored, refused or left undecoded is counted and stands in the log.
func TestMetrics(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true})
	azure.Disable("refused")
	folder := t.TempDir()
	config := filepath.Join(folder, "mayfly.yaml")
	for name, text := range map[string]string{
		"mayfly.yaml": "sources:\n  - {name: broken, title: A codec that throws, from: tts, codec: broken.js}\n",
		"broken.js":   `function decodeUplink(input) { throw new Error("no such port") }`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := function.LoadConfig(
		[]string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", "CONFIG=" + config},
	)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := function.New(
		c,
		function.Dependencies{
			DPS: azure.RoundTripper(),
			Hub: azure.RoundTripper(),
			Log: slog.New(slog.NewJSONHandler(&log, nil)),
		},
	)
	do := func(method, path, body string) string {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
		return w.Body.String()
	}
	do(
		http.MethodPost,
		"/api/tts",
		`{"end_device_ids":{"device_id":"a"},"received_at":"2026-03-14T10:00:00Z","uplink_message":{"f_port":1,`+
			`"decoded_payload":{"t":1}}}`,
	)
	do(
		http.MethodPost,
		"/api/tts",
		`{"end_device_ids":{"device_id":"a"},"received_at":"2026-03-14T10:00:01Z","uplink_message":{"f_port":1,`+
			`"frm_payload":"AQ=="}}`,
	)
	do(http.MethodPost, "/api/tts", `{"end_device_ids":{"device_id":"a"},"join_accept":{}}`)
	do(
		http.MethodPost,
		"/api/broken",
		`{"end_device_ids":{"device_id":"a"},"received_at":"2026-03-14T10:00:02Z","uplink_message":{"f_port":1,`+
			`"frm_payload":"AQ=="}}`,
	)
	do(http.MethodPost, "/api/devices/refused/telemetry", `{}`)
	do(http.MethodPost, "/api/telemetry", `{`)
	const other = `route="/api/telemetry",source="telemetry"`
	got := series(do(http.MethodGet, "/metrics", ""), "mayfly_messages", "mayfly_notes", "mayfly_requests_total")
	want := []string{
		`mayfly_messages_total{outcome="delivered",source="broken"} 1`,
		`mayfly_messages_total{outcome="delivered",source="tts"} 2`,
		`mayfly_messages_total{outcome="ignored",source="tts"} 1`,
		`mayfly_messages_total{outcome="rejected",source="device"} 1`,
		`mayfly_messages_total{outcome="rejected",source="telemetry"} 1`,
		`mayfly_notes_total{kind="codec-failed",source="broken"} 1`,
		`mayfly_notes_total{kind="undecoded",source="tts"} 1`,
		`mayfly_requests_total{code="device-refused",route="/api/devices/{deviceId}/telemetry",source="device",` +
			`status="403"} 1`,
		`mayfly_requests_total{code="malformed-body",` + other + `,status="400"} 1`,
		`mayfly_requests_total{code="ok",route="/api/{source}",source="broken",status="200"} 1`,
		`mayfly_requests_total{code="ok",route="/api/{source}",source="tts",status="200"} 3`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, text := range []string{`"ignored":1`, `"undecoded":1`, `"kind":"codec-failed"`, `no such port`} {
		if !strings.Contains(log.String(), text) {
			t.Errorf("the log does not say %s:\n%s", text, log.String())
		}
	}
}

// series gives the lines of a page of metrics that begin with one of prefixes.
func series(page string, prefixes ...string) (lines []string) {
	for line := range strings.Lines(page) {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(line, p) }) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// Which side takes how long, and fails how often.
func TestMetricsOfDelivery(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	h.azure.Provision("known", emulator.DefaultHub)
	h.azure.Disable("refused")
	for _, device := range []string{"known", "known", "new", "refused"} {
		h.send(http.MethodPost, "/api/devices/"+device+"/telemetry", `{"t":1}`)
	}
	got := series(page(t, h.service, "/metrics"), "mayfly_provision", "mayfly_hint", "mayfly_sends", "mayfly_circuit",
		"mayfly_tokens", "mayfly_cache", "mayfly_send_duration_seconds_count", "mayfly_room_bytes")
	got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, "_bucket{") })
	for i := range got {
		got[i] = regexp.MustCompile(`(_sum\{.*\}) .*`).ReplaceAllString(got[i], "$1 x")
	}
	const hub = `hub="` + emulator.DefaultHub + `"`
	want := []string{
		`mayfly_cache_entries{cache="assignments",fleet="default"} 2`,
		`mayfly_cache_entries{cache="checked",fleet="default"} 0`,
		`mayfly_cache_entries{cache="message-ids",fleet="default"} 0`,
		`mayfly_cache_entries{cache="pending",fleet="default"} 0`,
		`mayfly_cache_entries{cache="refusals",fleet="default"} 1`,
		`mayfly_cache_entries{cache="tokens",fleet="default"} 3`,
		`mayfly_circuit_open{` + hub + `} 0`,
		`mayfly_hint_tries_total{fleet="default",outcome="miss"} 2`,
		`mayfly_provision_duration_seconds_sum{fleet="default"} x`,
		`mayfly_provision_duration_seconds_count{fleet="default"} 3`,
		`mayfly_provisionings_total{fleet="default",outcome="disabled"} 1`,
		`mayfly_provisionings_total{fleet="default",outcome="found"} 1`,
		`mayfly_provisionings_total{fleet="default",outcome="registered"} 1`,
		`mayfly_room_bytes{room="bodies"} 0`,
		`mayfly_room_bytes{room="unauthenticated"} 0`,
		`mayfly_room_bytes{room="working"} 0`,
		`mayfly_send_duration_seconds_count{` + hub + `} 5`,
		`mayfly_sends_total{` + hub + `,outcome="device-not-at-this-hub"} 2`,
		`mayfly_sends_total{` + hub + `,outcome="stored"} 3`,
		`mayfly_tokens_signed_total{fleet="default"} 3`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever senders write, there are as many series as the program and its configuration allow.
func TestSeriesOfSendersAreBounded(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	for i := range 300 {
		n := strconv.Itoa(i)
		h.send(http.MethodPost, "/api/devices/dev-"+n+"/telemetry", `{"t":1}`)
		h.send("M"+n, "/api/tts/"+n, `{}`)
		h.send(http.MethodPost, "/api/source-"+n, `{}`)
		h.send(http.MethodPost, "/"+n+"/..//x", `{}`)
		h.send(http.MethodPost, "/api/ingest?x="+n, `{"a`+n+`":1}`)
		h.send(http.MethodPost, "/api/telemetry", `{"device":{"deviceId":"x`+n+`","modelId":"dtmi:a:B;`+n+`"},`+
			`"measurements":{"t":1},"messageId":"m`+n+`"}`)
	}
	page := page(t, h.service, "/metrics")
	all := series(page, "mayfly_")
	if len(all) > 250 || strings.Contains(page, "-299") || strings.Contains(page, "M299") {
		t.Errorf("%d series:\n%s", len(all), strings.Join(all, "\n"))
	}
	for _, want := range []string{
		`route="other",source="none",status="404"} 300`, `route="/api/{source}",source="none"`,
		`route="/api/devices/{deviceId}/telemetry",source="device",status="200"} 300`, `source="tts",status="405"} 300`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in:\n%s", want, strings.Join(series(page, "mayfly_requests"), "\n"))
		}
	}
}

// The log has the first ten of a request's notes, the metrics have all.
func TestNotesAreBounded(t *testing.T) {
	t.Parallel()
	h := newBridge(
		t,
		`sources: [{name: mine, each: ".[]", deviceId: .id, payload: '"3q0=" | @base64d', codec: cayenne}]`,
		"AUTH=none",
	)
	body := "[" + strings.Repeat(`{"id":"d"},`, 11) + `{"id":"d"}]`
	if got := h.send(http.MethodPost, "/api/mine", body); got != ok {
		t.Fatal(got)
	}
	if n := strings.Count(h.log.String(), `"msg":"codec"`); n != 10 {
		t.Errorf("%d records, want 10", n)
	}
	if !strings.Contains(h.log.String(), `"codec-failed":12`) {
		t.Error(h.log.String())
	}
}

// Templates find fault with one message after the other; all together have the same bound.
func TestTemplateNotesAreBounded(t *testing.T) {
	t.Parallel()
	model := filepath.Join(t.TempDir(), "model.json")
	text := `{"@context":"dtmi:dtdl:context;2","@id":"dtmi:a:M;1","@type":"Interface",` +
		`"contents":[{"@type":"Telemetry","name":"n","schema":"double"}]}`
	if err := os.WriteFile(model, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newBridge(t, "", "AUTH=none", "TEMPLATES="+model)
	one := `{"device":{"deviceId":"d","modelId":"dtmi:a:M;1"},"measurements":{"n":"secret"}}`
	if got := h.send(http.MethodPost, "/api/telemetry", "["+strings.Repeat(one+",", 11)+one+"]"); got != ok {
		t.Fatal(got)
	}
	if n := strings.Count(h.log.String(), `"msg":"template"`); n != 10 {
		t.Errorf("%d records, want 10", n)
	}
	if log := h.log.String(); !strings.Contains(log, `"template":12`) || strings.Contains(log, "secret") {
		t.Error(log)
	}
}

package function_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/function"
)

// bridge is a Service with a configuration file, and the Azure behind it.
type bridge struct {
	t       *testing.T
	azure   *emulator.Emulator
	service *function.Service
	log     strings.Builder
	now     time.Time
	clock   func() time.Time // instead of now, where time goes on
}

// newBridge makes one. {key NAME} in the file stands for the hash of that key.
func newBridge(t *testing.T, file string, env ...string) *bridge {
	t.Helper()
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return bridgeOn(t, azure, azure.RoundTripper(), file, env...)
}

func bridgeOn(t *testing.T, azure *emulator.Emulator, upstream http.RoundTripper, file string, env ...string) *bridge {
	t.Helper()
	h := &bridge{t: t, azure: azure, now: time.Now()}
	for {
		before, rest, found := strings.Cut(file, "{key ")
		if !found {
			break
		}
		key, after, _ := strings.Cut(rest, "}")
		file = before + hashOf(key) + after
	}
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	codec := `function decodeUplink(input) { return {data: {deviceId: "other-1", device: {deviceId: "other-1"}, ` +
		`n: 1}} }`
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "codec.js"), []byte(codec), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := function.LoadConfig(
		append(
			[]string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=keys", "CONFIG=" + path},
			env...),
	)
	if err != nil {
		t.Fatal(err)
	}
	h.service = function.New(config, function.Dependencies{
		DPS: upstream, Hub: upstream, Now: h.time,
		Log: slog.New(slog.NewJSONHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return h
}

func (h *bridge) time() time.Time {
	if h.clock != nil {
		return h.clock()
	}
	return h.now
}

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// send gives status and code of an answer, as in "403 device-not-allowed".
func (h *bridge) send(method, target, body string, headers ...string) string {
	h.t.Helper()
	return h.do(request(h.t, method, target, body, headers...))
}

func request(t *testing.T, method, target, body string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.TLS = nil
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (h *bridge) do(r *http.Request) string {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.service.ServeHTTP(w, r)
	return statusAndCode(w)
}

func statusAndCode(w *httptest.ResponseRecorder) string {
	var p struct{ Code string }
	_ = json.Unmarshal(w.Body.Bytes(), &p)
	return strings.TrimSpace(http.StatusText(w.Code) + " " + p.Code)
}

const (
	goodKey = "bWF5Zmx5LWVtdWxhdG9yLWRldmVsb3BtZW50LWdyb3VwLWtleQ=="

	ok           = "OK"
	unauthorized = "Unauthorized unauthenticated"
	forbidden    = "Forbidden device-not-allowed"
	native       = `{"device":{"deviceId":"dev-1"},"measurements":{"n":1}}`
)

// A key is taken wherever a sender can put it, while it is valid.
func TestKeys(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `callers:
  - name: gate
    keys: ["{key new}", {hash: "{key old}", expires: 2126-01-01}, {hash: "{key past}", expires: "2020-01-01T00:00:00Z"}]
`, "API_KEYS=short="+hashOf("s1")+",short="+hashOf("s2"))
	for name, tt := range map[string]struct {
		target string
		header []string
		want   string
	}{
		"no key":                  {"/api/telemetry", nil, unauthorized},
		"x-api-key":               {"/api/telemetry", []string{"X-Api-Key", "new"}, ok},
		"bearer":                  {"/api/telemetry", []string{"Authorization", "Bearer new"}, ok},
		"bearer in another case":  {"/api/telemetry", []string{"Authorization", "bearer new"}, ok},
		"basic":                   {"/api/telemetry", []string{"Authorization", "Basic YW55Om5ldw=="}, ok},
		"x-functions-key":         {"/api/telemetry", []string{"X-Functions-Key", "new"}, ok},
		"query":                   {"/api/telemetry?code=new", nil, ok},
		"the old one overlaps":    {"/api/telemetry", []string{"X-Api-Key", "old"}, ok},
		"expired":                 {"/api/telemetry", []string{"X-Api-Key", "past"}, unauthorized},
		"two of API_KEYS, first":  {"/api/telemetry", []string{"X-Api-Key", "s1"}, ok},
		"two of API_KEYS, second": {"/api/telemetry", []string{"X-Api-Key", "s2"}, ok},
		"the hash is no key":      {"/api/telemetry", []string{"X-Api-Key", hashOf("new")}, unauthorized},
		"a wrong one beside":      {"/api/telemetry?code=new", []string{"X-Api-Key", "wrong"}, unauthorized},
		"no such source, no key":  {"/api/nothing", nil, unauthorized},
		"token that is none":      {"/api/telemetry", []string{"Authorization", "Bearer eyJh.eyJh.x"}, unauthorized},
		"forged platform identity": {"/api/telemetry",
			[]string{"X-Ms-Client-Principal-Name", "admin", "X-Arr-Clientcert", "MIIB"}, unauthorized},
	} {
		if got := h.send(http.MethodPost, tt.target, native, tt.header...); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// All refusals of who is not known are the same bytes.
func TestUnknownCallersHearTheSame(t *testing.T) {
	t.Parallel()
	h := newBridge(
		t,
		`callers: [{name: gate, keys: ["{key new}", {hash: "{key past}", expires: 2020-01-01}], devices: [dev-1]}]
tokens: [{name: idp, issuer: "https://idp.example", audience: mayfly, jwks: "https://idp.example/keys"}]
`,
	)
	var first string
	for _, headers := range [][]string{
		nil, {"X-Api-Key", "wrong"}, {"X-Api-Key", "past"}, {"X-Api-Key", strings.Repeat("k", 5000)},
		{"Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0."},
		{"Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."}, {"Authorization", "Basic !"},
	} {
		for _, target := range []string{"/api/telemetry", "/api/devices/dev-1/telemetry", "/api/devices/other/" +
			"telemetry", "/api/nothing"} {
			w := httptest.NewRecorder()
			h.service.ServeHTTP(w, request(t, http.MethodPost, target, native, headers...))
			if first == "" {
				first = w.Body.String()
			}
			if w.Code != http.StatusUnauthorized || w.Body.String() != first {
				t.Errorf("%v at %s: %d %s", headers, target, w.Code, w.Body)
			}
		}
	}
}

// Whichever way another's device is named, it is refused, and nothing is sent.
func TestOnlyOwnDevices(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `callers: [{name: gate, keys: ["{key k}"], devices: ["own-*"]}]
sources:
  - {name: coded, deviceId: .id, payload: .p | unb64, codec: codec.js}
  - {name: header, deviceId: '$request.headers."x-device"', measurements: "{n: 1}"}
  - {name: many, each: ".[]", deviceId: .id, measurements: "{n: 1}", onReject: accept}
`)
	for name, tt := range map[string]struct{ target, body, want string }{
		"own":              {"/api/devices/own-1/telemetry", `{"n":1}`, ok},
		"path":             {"/api/devices/other-1/telemetry", `{"n":1}`, forbidden},
		"path, escaped":    {"/api/devices/%6fther-1/telemetry", `{"n":1}`, forbidden},
		"path, other case": {"/api/devices/OWN-1/telemetry", `{"n":1}`, forbidden},
		"body":             {"/api/telemetry", `{"device":{"deviceId":"other-1"},"measurements":{"n":1}}`, forbidden},
		"body, twice": {"/api/telemetry", `{"device":{"deviceId":"own-1","deviceId":"other-1"},` +
			`"measurements":{"n":1}}`, forbidden},
		"body, other case": {"/api/telemetry", `{"device":{"deviceId":"own-1","DEVICEID":"other-1"},` +
			`"measurements":{"n":1}}`, forbidden},
		"last of many": {"/api/telemetry", `[{"device":{"deviceId":"own-1"},"measurements":{"n":1}},{` +
			`"device":{"deviceId":"other-1"},"measurements":{"n":1}}]`, forbidden},
		"lines": {"/api/telemetry",
			`{"device":{"deviceId":"own-1"},"measurements":{"n":1}}` + "\n" +
				`{"device":{"deviceId":"other-1"},"measurements":{"n":1}}`, forbidden},
		"gateway":               {"/api/devices/own-1/telemetry?gatewayId=other-1", `{"n":1}`, forbidden},
		"codec names no device": {"/api/coded", `{"id":"own-1","p":"AQ=="}`, ok},
		"codec, other's id":     {"/api/coded", `{"id":"other-1","p":"AQ=="}`, forbidden},
		"header":                {"/api/header", `{}`, forbidden},
		"element, lenient":      {"/api/many", `[{"id":"own-1"},{"id":"other-1"}]`, forbidden},
		"detected source": {"/api/ingest", `{"end_device_ids":{"device_id":"other-1"},"uplink_message":{` +
			`"decoded_payload":{"n":1}}}`, forbidden},
		"a glob is no device id": {"/api/devices/own-%2A/telemetry", `{"n":1}`, "Unprocessable Entity invalid-message"},
	} {
		before := len(h.azure.Events())
		got := h.send(http.MethodPost, tt.target, tt.body, "X-Api-Key", "k", "X-Device", "other-1")
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		for _, e := range h.azure.Events()[before:] {
			if !strings.HasPrefix(e.Device, "own-") {
				t.Errorf("%s: %s was sent", name, e.Device)
			}
		}
	}
	for _, c := range h.azure.Calls() {
		if !strings.HasPrefix(c.Device, "own-") {
			t.Errorf("Azure was asked about %s", c.Device)
		}
	}
}

// The address that a source is sent from is found by the proxies that are named,
// and by nothing that the sender says.
func TestAllowFrom(t *testing.T) {
	t.Parallel()
	file := `sources: [{name: mine, deviceId: .id, measurements: "{n: 1}", allowFrom: [192.0.2.0/24, "2001:db8::/32"]}]`
	for name, tt := range map[string]struct {
		proxies, remote, forwarded, want string
	}{
		"direct":                    {"", "192.0.2.7:1", "", ok},
		"direct, IPv6":              {"", "[2001:db8::1]:1", "", ok},
		"elsewhere":                 {"", "198.51.100.1:1", "", forbidden},
		"elsewhere, claims":         {"", "198.51.100.1:1", "192.0.2.7", forbidden},
		"mapped address":            {"", "[::ffff:192.0.2.7]:1", "", ok},
		"proxy":                     {"10.0.0.0/8", "10.0.0.1:1", "192.0.2.7", ok},
		"proxy, with a port":        {"10.0.0.0/8", "10.0.0.1:1", "192.0.2.7:4711", ok},
		"two proxies":               {"10.0.0.0/8", "10.0.0.1:1", "192.0.2.7, 10.0.0.2", ok},
		"claim before the truth":    {"10.0.0.0/8", "10.0.0.1:1", "192.0.2.7, 198.51.100.1", forbidden},
		"nonsense at the end":       {"10.0.0.0/8", "10.0.0.1:1", "192.0.2.7, unknown", forbidden},
		"proxy says nothing":        {"10.0.0.0/8", "10.0.0.1:1", "", forbidden},
		"another source is as ever": {"", "198.51.100.1:1", "", ok},
	} {
		h := newBridge(t, file, "AUTH=none", "TRUSTED_PROXIES="+tt.proxies)
		target := "/api/mine"
		if strings.HasPrefix(name, "another") {
			target = "/api/devices/d/telemetry"
		}
		r := request(t, http.MethodPost, target, `{"id":"d"}`)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := h.do(r); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

package function_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"mayfly/function"
	"mayfly/internal/secret"
)

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// Secrets are put wherever one can be, and must not come out anywhere: not in an
// answer, not in the log at its most talkative, not in an event.
func TestSilence(t *testing.T) {
	t.Parallel()
	const planted = "PLANTED"
	h := newBridge(
		t,
		`callers: [{name: gate, keys: ["{key PLANTED-key}"], devices: ["*"],
     sources: [telemetry, device, wunderground, ecowitt, mine, query]}]
tokens: [{name: idp, issuer: me, audience: mayfly, jwks: "https://idp.example/k?PLANTED-url"}]
sources:
  - {name: mine, deviceId: .id, measurements: .m, signature: {secrets: [PLANTED-secret], header: X-Sig}}
  - {name: query, methods: [GET, POST], deviceId: .id,
     measurements: "{n: 1, all: ($request.headers | tostring), q: ($request.query | tostring)}"}
`,
	)
	type call struct {
		method, target, body string
		header               []string
	}
	auth := [][]string{
		{
			"X-Api-Key",
			"PLANTED-key",
		}, {"Authorization", "Bearer PLANTED-key"}, {"Authorization", "Basic eDpQTEFOVEVELWtleQ=="},
		{
			"X-Functions-Key",
			"PLANTED-key",
		}, {"X-Api-Key", "PLANTED-wrong"}, {"Authorization",
			"Bearer eyJhbGciOiJQTEFOVEVEIn0.eyJpc3MiOiJQTEFOVEVEIn0.PLANTED"},
		{"Authorization", "PLANTED"}, {"X-Sig", "00"},
	}
	var calls []call
	for _, a := range auth {
		for _, c := range []call{
			{http.MethodPost, "/api/telemetry", native, nil},
			{http.MethodPost, "/api/telemetry", `{"device":{"deviceId":"dev-1"},"measurements":"PLANTED"}`, nil},
			{http.MethodPost, "/api/telemetry", `{"device":{"deviceId":"dev-1"},"measurements":{"a":PLANTED}}`, nil},
			{http.MethodPost, "/api/telemetry", `{"device":{"deviceId":"dev-1"},"measurements":{"n":1},` +
				`"password":"PLANTED"}`, nil},
			{http.MethodPost, "/api/telemetry?code=PLANTED-key", native, nil},
			{http.MethodGet, "/api/query?id=dev-1&code=PLANTED-key", "", nil},
			{http.MethodPost, "/api/query", `{"id":"dev-1"}`, nil},
			{http.MethodGet, "/api/wunderground?ID=dev-1&PASSWORD=PLANTED&dateutc=now&tempf=70&code=PLANTED-key", "",
				nil},
			{http.MethodPost, "/api/ecowitt?deviceId=dev-1", "PASSKEY=PLANTED&stationtype=x&" +
				"dateutc=2025-07-15+15:26:14&tempf=70", []string{"Content-Type", "application/x-www-form-urlencoded"}},
			{http.MethodPost, "/api/mine", `{"id":"dev-1","m":"PLANTED"}`, nil},
			{http.MethodPost, "/api/telemetry", native, []string{"Content-Encoding", "gzip"}},
			{http.MethodPost, "/api/telemetry", native, []string{"Content-Type", "application/x-PLANTED"}},
		} {
			c.header = append(append([]string{}, c.header...), a...)
			calls = append(calls, c)
		}
	}
	delivered := 0
	for _, c := range calls {
		w := httptest.NewRecorder()
		h.service.ServeHTTP(w, request(t, c.method, c.target, c.body, c.header...))
		if w.Code == http.StatusOK {
			delivered++
		}
		// What the sender has written into a member of no secret kind may come back
		// to it alone; its media type is one.
		text := strings.ReplaceAll(fmt.Sprint(w.Header(), w.Body), "x-planted", "")
		if strings.Contains(text, planted) {
			t.Errorf("%v answers %s", c, text)
		}
	}
	if delivered < 10 {
		t.Errorf("only %d calls got as far as Azure", delivered)
	}
	if strings.Contains(h.log.String(), planted) {
		t.Errorf("the log has it:\n%s", h.log.String())
	}
	for _, e := range h.azure.Events() {
		if text, _ := json.Marshal(e); strings.Contains(string(text)+string(e.Body), planted) {
			t.Errorf("the event has it: %s %s", text, e.Body)
		}
	}
	shown := map[string]string{"/metrics": page(t, h.service, "/metrics")}
	for _, path := range []string{"/events", "/calls", "/stats", "/devices", "/devices/dev-1", "/files", "/feedback",
		"/faults"} {
		shown["console "+path] = page(t, h.azure.ConsoleHandler(), path)
	}
	if !strings.Contains(shown["/metrics"], "mayfly_") ||
		!strings.Contains(shown["console /calls"], "/devices/dev-1/messages/events") {
		t.Errorf("the pages show too little to prove anything: %v", shown)
	}
	// A token of ours is a secret for as long as it lives.
	token := regexp.MustCompile(`(?i)sig(=|%3D)[A-Za-z0-9+/%]{8}`)
	for path, text := range shown {
		if strings.Contains(text, planted) || strings.Contains(text, h.azure.GroupKey()) || token.MatchString(text) {
			t.Errorf("%s shows a secret:\n%s", path, text)
		}
	}
}

// An Ecowitt station is named by its PASSKEY where its owner gave it no other name.
// Whatever becomes of its message, neither answer nor log has it.
func TestSecretID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, id, want string }{
		{"refused by DPS", "PLANTED", `"code":"device-refused"`},
		{"not fit to be an id", "PLANTED" + strings.Repeat("x", 140), `"code":"invalid-message"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, "", "AUTH=none")
			h.azure.Disable(tt.id)
			w := httptest.NewRecorder()
			h.service.ServeHTTP(
				w,
				request(
					t,
					http.MethodPost,
					"/api/ecowitt",
					"PASSKEY="+tt.id+"&stationtype=x&dateutc=2025-07-15+15:26:14&tempf=70",
					"Content-Type",
					"application/x-www-form-urlencoded",
				),
			)
			if !strings.Contains(w.Body.String(), tt.want) || !strings.Contains(h.log.String(), tt.want) {
				t.Fatalf("%d %s\n%s", w.Code, w.Body, h.log.String())
			}
			if shown := strings.ToUpper(w.Body.String() + h.log.String()); strings.Contains(shown, "PLANTED") {
				t.Error(shown)
			}
		})
	}
}

// The record of a codec that failed has no secret id either.
func TestSecretIDOfUndecoded(t *testing.T) {
	t.Parallel()
	h := newBridge(
		t,
		`sources: [{name: mine, deviceId: .id, secretId: 'true', payload: '"3q0=" | @base64d', codec: cayenne}]`,
		"AUTH=none",
	)
	if got := h.send(http.MethodPost, "/api/mine", `{"id":"PLANTED"}`); got != ok {
		t.Fatal(got)
	}
	if text := h.log.String(); !strings.Contains(text, `"codec"`) || strings.Contains(text, "PLANTED") {
		t.Error(text)
	}
}

// page gets a page.
func page(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(t, http.MethodGet, "http://localhost"+path, ""))
	if w.Code != http.StatusOK {
		t.Errorf("%s answers %d", path, w.Code)
	}
	return w.Body.String()
}

// The types that hold secrets cannot be printed, by any verb.
func TestSecretsCannotBePrinted(t *testing.T) {
	t.Parallel()
	type box struct {
		Text secret.Text
		deep secret.Text
	}
	b := box{secret.NewText("PLANTED"), secret.NewText("PLANTED")}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%z"} {
		for _, value := range []any{b, &b, b.Text, &b.Text, []any{b.Text}, map[string]any{"a": b.Text}, b.deep} {
			fmt.Fprintf(&out, verb, value)
		}
	}
	_ = json.NewEncoder(&out).Encode(b)
	for _, leaked := range []string{"PLANTED", "504c414e544544", "504C414E544544"} {
		if strings.Contains(out.String(), leaked) {
			t.Errorf("%s shows", leaked)
		}
	}
}

// A configuration that is wrong is told without what it holds.
func TestFaultsShowNoSecret(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"key for a hash":   `callers: [{name: gate, keys: [PLANTED]}]`,
		"key in the wrong": `callers: [{name: gate, keys: [{hash: PLANTED, until: PLANTED}]}]`,
		"a fleet's key":    `fleets: [{name: north, idScope: 0ne1, groupKey: "PLANTED!"}]`,
		"a bad reference": `sources: [{name: m, deviceId: .id, measurements: ., signature: {secrets: ["https:/` +
			`/PLANTED"], header: X}}]`,
		"not hex": `sources: [{name: m, deviceId: .id, measurements: ., signature: {secrets: ` +
			`[PLANTED], secretEncoding: hex, header: X}}]`,
		"private key":       "tokens: [{name: a, issuer: b, audience: c, keys: [PLANTED]}]",
		"no CA":             `certificates: {ca: PLANTED}`,
		"a map for a list":  `callers: {PLANTED: 1}`,
		"secret of no list": `sources: [{name: m, signature: {secrets: {a: PLANTED}}}]`,
	} {
		path := writeFile(t, "mayfly.yaml", file)
		_, err := function.LoadConfig([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=keys", "CONFIG=" + path})
		if err == nil || strings.Contains(err.Error(), "PLANTED") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

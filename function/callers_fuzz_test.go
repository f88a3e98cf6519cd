package function_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mayfly/emulator"
	"mayfly/function"
)

// FuzzCallers holds the configuration file to its word: whatever it says, it is
// taken or its faults are told.
func FuzzCallers(f *testing.F) {
	for _, seed := range []string{
		`callers: [{name: a, keys: ["` + hashOf("k") + `", {hash: PLANTED, expires: 2027-01-01}], devices: ` +
			`["a-*", "{sub}"], rate: 10/s}]`,
		`tokens: [{name: a, issuer: b, audience: c, jwks: "https://x", devices: ["{sub}-*", "{"]}]`,
		`certificates: {ca: "file:none", devices: ["{cn}"]}`,
		`fleets: [{name: a, idScope: 0ne1, groupKey: PLANTED}]`,
		`sources: [{name: a, deviceId: .id, measurements: ., allowFrom: [10.0.0.0/8], signature: {secrets: ` +
			`[PLANTED], header: X, signed: "{body}{header:a}", timestamp: "field:t"}}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "mayfly.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := function.LoadConfig([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=keys", "CONFIG=" + path})
		if _, known := errors.AsType[function.FaultsError](err); err != nil && !known {
			t.Errorf("no list of faults: %v", err)
		}
		if err == nil {
			function.New(c, function.Dependencies{DPS: stored{}, Hub: stored{}})
		}
	})
}

// fuzzHouse is a Service that nobody with a wrong credential gets into.
func fuzzHouse(f *testing.F) *function.Service {
	f.Helper()
	azure, err := emulator.New(
		emulator.Config{AssignAtOnce: true, EventLimit: 10, CallLimit: 10, OperationsPerMinute: -1},
	)
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(f.TempDir(), "mayfly.yaml")
	text := `callers: [{name: a, keys: ["` + hashOf("the key") + `"], devices: ["dev-*"]}]
tokens: [{name: idp, issuer: me, audience: mayfly,
     keys: ['{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}']}]
certificates: {ca: "file:` + filepath.Join(f.TempDir(), "ca.pem") + `", alb: true}
sources:
  - {name: signed, deviceId: .id, measurements: "{n: 1}", signature: {secrets: [a secret that nobody guesses],
     header: X-Sig, timestamp: X-Time, signed: "{timestamp}.{body}"}}
  - {name: fields, deviceId: .id, measurements: "{n: 1}", signature: {secrets: [a secret that nobody guesses],
     header: X-Sig, field: v1, timestamp: "field:t", signed: "{timestamp}.{body}", encoding: base64}}
  - {from: soracom, signature: {scheme: soracom, secrets: [a secret that nobody guesses]}}
  - {from: actility, signature: {scheme: actility, secrets: [a secret that nobody guesses]}}
`
	ca := newClientCA(&testing.T{}, "ours")
	parts := strings.Split(text, `file:`)
	caPath, _, _ := strings.Cut(parts[1], `"`)
	if err := os.WriteFile(caPath, []byte(pemOf(ca.cert.Raw)), 0o600); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	c, err := function.LoadConfig(
		[]string{
			"ID_SCOPE=" + azure.IDScope(),
			"GROUP_KEY=" + azure.GroupKey(),
			"AUTH=keys",
			"CONFIG=" + path,
			"AWS_LAMBDA_RUNTIME_API=x",
		},
	)
	if err != nil {
		f.Fatal(err)
	}
	return function.New(
		c,
		function.Dependencies{DPS: azure.RoundTripper(), Hub: azure.RoundTripper(), Log: slog.New(slog.DiscardHandler)},
	)
}

// refused checks that a credential that nobody has was not taken.
func refused(t *testing.T, s *function.Service, target, body string, headers ...string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	path, query, _ := strings.Cut(target, "?")
	r.URL.Path, r.URL.RawQuery = path, query
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header[headers[i]] = []string{headers[i+1]}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if want := []int{400, 401, 413}; !slices.Contains(want, w.Code) {
		t.Errorf("%q %q %q: %d %s", target, headers, body, w.Code, w.Body)
	}
}

// FuzzKeys tries keys in every carrier.
func FuzzKeys(f *testing.F) {
	s := fuzzHouse(f)
	f.Add("X-Api-Key", "a key", "code=x")
	f.Add("Authorization", "Basic YTpi", "")
	f.Add("Authorization", "bearer  x", "code=&code=%zz")
	f.Add("X-Functions-Key", "x", ";")
	f.Fuzz(func(t *testing.T, header, value, query string) {
		if strings.Contains(value, "the key") || strings.Contains(query, "key") || header == "Webhook-Request-Origin" {
			return
		}
		refused(t, s, "/api/telemetry?"+query, native, header, value)
	})
}

// FuzzTokens tries JWTs.
func FuzzTokens(f *testing.F) {
	s := fuzzHouse(f)
	f.Add("eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.eyJpc3MiOiJtZSIsImF1ZCI6Im1heWZseSIsImV4cCI6OTk5OTk5OTk5OX0.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJtZSJ9.")
	f.Add("eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJtZSJ9.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if token == "the key" {
			return
		}
		refused(t, s, "/api/telemetry", native, "Authorization", "Bearer "+token)
	})
}

// FuzzSignatures tries signatures of every scheme.
func FuzzSignatures(f *testing.F) {
	s := fuzzHouse(f)
	f.Add("/api/signed", `{"id":"d"}`, "X-Sig", "00ff", "1700000000")
	f.Add("/api/fields", `{"id":"d"}`, "X-Sig", "t=1,v1=AAAA,v1=", "x")
	f.Add(
		"/api/soracom",
		`{}`,
		"X-Soracom-Signature",
		"125d84ef000ed210da7a4de94fe601589295370c9e465982c8ddb84dcb7e779e",
		"1443571200000",
	)
	f.Add(
		"/api/actility?LrnDevEui=A&Token=196c22898bf95fcf48b72be198c89256410660b9b514539651344baa594ad74f",
		`{"DevEUI_uplink":{"DevEUI":"A"}}`,
		"A",
		"",
		"",
	)
	f.Add(
		"/api/actility?LrnDevEui=A&Token=196c22898bf95fcf48b72be198c89256410660b9b514539651344baa594ad74f",
		`<DevEUI_uplink><DevEUI>A</DevEUI></DevEUI_uplink>`,
		"A",
		"",
		"",
	)
	f.Fuzz(func(t *testing.T, target, body, header, value, stamp string) {
		path, query, _ := strings.Cut(target, "?")
		if !slices.Contains([]string{"/api/signed", "/api/fields", "/api/soracom", "/api/actility"}, path) ||
			strings.Contains(value+query, "key") ||
			header == "Content-Encoding" {
			return
		}
		refused(t, s, target, body, header, value, "X-Time", stamp, "X-Soracom-Timestamp", stamp)
	})
}

// FuzzCertificates tries what a load balancer's header may hold.
func FuzzCertificates(f *testing.F) {
	s := fuzzHouse(f)
	other := newClientCA(&testing.T{}, "ours")
	f.Add(pemOf(other.cert.Raw))
	f.Add("-----BEGIN%20CERTIFICATE-----%0AMIIB%0A-----END%20CERTIFICATE-----%0A")
	f.Fuzz(func(t *testing.T, text string) {
		refused(t, s, "/api/telemetry", native, "X-Amzn-Mtls-Clientcert-Leaf", text)
	})
}

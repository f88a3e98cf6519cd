package function_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A token is compared, and gets neither into a message nor into the log, wherever it is.
func TestTokenOfSource(t *testing.T) {
	t.Parallel()
	const file = `callers: [{name: gate, keys: ["{key k}"]}]
sources:
- {name: mine, methods: [POST, GET], secretQuery: [api_key], detect: has("field1"), deviceId: '"dev-1"',
   measurements: ". + ($request.query // {})", properties: {h: '$request.headers["x-other"]'},
   signature: {scheme: token, secrets: [WRITEKEY1, WRITEKEY2], header: X-THINGSPEAKAPIKEY, query: api_key,
   members: [api_key]}}
- {name: password, deviceId: '"dev-2"', measurements: ., signature: {scheme: basic, secrets: ["user:WRITEKEY1"]}}
`
	h := newBridge(t, file)
	const key = "Bearer k"
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	basic := func(password string) []string {
		r := request(t, http.MethodPost, "/", "")
		r.SetBasicAuth("user", password)
		return []string{"Authorization", r.Header.Get("Authorization")}
	}
	for _, tt := range []struct {
		name, method, target, body string
		header                     []string
		want                       string
	}{
		{"query", http.MethodGet, "/api/mine?api_key=WRITEKEY1&field1=21.5", "", nil, ok},
		{"form", http.MethodPost, "/api/mine", "api_key=WRITEKEY2&field1=21.5", form, ok},
		{"JSON", http.MethodPost, "/api/mine", `{"api_key":"WRITEKEY2","field1":21.5}`, nil, ok},
		{"header", http.MethodPost, "/api/mine", `{"field1":21.5}`, []string{"X-THINGSPEAKAPIKEY", "WRITEKEY1"}, ok},
		{"wrong", http.MethodPost, "/api/mine", `{"api_key":"WRITEKEY3","field1":21.5}`, nil, unauthorized},
		{"none", http.MethodPost, "/api/mine", `{"field1":21.5}`, nil, unauthorized},
		{"nothing at all", http.MethodGet, "/api/mine?field1=1", "", nil, unauthorized},
		{"a key instead", http.MethodPost, "/api/mine", `{"field1":21.5}`, []string{"Authorization", key},
			unauthorized},
		{"a key beside it", http.MethodPost, "/api/mine", `{"api_key":"WRITEKEY1","field1":21.5}`,
			[]string{"Authorization", key}, ok},
		{"found by its looks", http.MethodPost, "/api/ingest", `{"api_key":"WRITEKEY1","field1":21.5}`,
			[]string{"Authorization", key}, ok},
		{"of another source", http.MethodPost, "/api/password", `{"api_key":"WRITEKEY1","field1":21.5}`, nil,
			unauthorized},
		{"Basic", http.MethodPost, "/api/password", `{"field1":21.5}`, basic("WRITEKEY1"), ok},
		{"Basic, wrong", http.MethodPost, "/api/password", `{"field1":21.5}`, basic("WRITEKEY2"), unauthorized},
		{"Basic, none", http.MethodPost, "/api/password", `{"field1":21.5}`, nil, unauthorized},
		{"Basic and a wrong key", http.MethodPost, "/api/password", `{"field1":21.5}`,
			append(basic("WRITEKEY1"), "X-Api-Key", "x"), unauthorized},
		{"Basic and a key", http.MethodPost, "/api/password", `{"field1":21.5}`,
			append(basic("WRITEKEY1"), "X-Api-Key", "k"), ok},
	} {
		if got := h.send(tt.method, tt.target, tt.body, tt.header...); got != tt.want {
			t.Errorf("%s: %s, want %s\n%s", tt.name, got, tt.want, h.log.String())
		}
	}
	for target, want := range map[string]string{"/api/password": "Basic", "/api/mine": "Bearer"} {
		w := httptest.NewRecorder()
		h.service.ServeHTTP(w, request(t, http.MethodPost, target, `{"field1":1}`))
		if got := w.Header().Get("WWW-Authenticate"); got != want+` realm="mayfly"` {
			t.Errorf("%s asks for %s, want %s", target, got, want)
		}
	}
	for _, m := range h.azure.Events() {
		if text := string(m.Body); strings.Contains(text, "WRITEKEY") || strings.Contains(text, "api_key") ||
			!strings.Contains(text, "21.5") {
			t.Errorf("the hub has %s", text)
		}
	}
	if strings.Contains(h.log.String(), "WRITEKEY") {
		t.Error("the log shows a token")
	}
}

// RockBLOCK's own scheme wants the published key alone. A message of another customer, who has none of ours, is refused
// even though its JWT is right.
func TestRockBLOCK(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := x509.MarshalPKIXPublicKey(private.Public())
	path := filepath.Join(t.TempDir(), "rock7.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 14, 9, 27, 0, 0, time.UTC)
	body := func(imei string) string {
		claims := jwt.MapClaims{"iss": "Rock 7", "iat": now.Unix(), "imei": imei, "device_type": "ROCKBLOCK",
			"serial": "20111", "momsn": "47", "transmit_time": "26-03-14 09:26:53", "iridium_latitude": "47.1234",
			"iridium_longitude": "9.5678", "iridium_cep": "3.0", "data": "0102ff"}
		token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(private)
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"JWT": {token}}
		for name, value := range claims {
			if text, isText := value.(string); isText && name != "iss" {
				form.Set(name, text)
			}
		}
		return form.Encode()
	}
	const ours, theirs = "300000000000001", "300000000000002"
	for name, tt := range map[string]struct {
		devices, query, imei, want string
	}{
		"with a key":             {"", "?code=k", ours, ok},
		"without one":            {"", "", ours, unauthorized},
		"a wrong key":            {"", "?code=x", ours, unauthorized},
		"a device of ours":       {`, devices: ["` + ours + `"]`, "", ours, ok},
		"a device of theirs":     {`, devices: ["` + ours + `"]`, "", theirs, forbidden},
		"and the key of another": {`, devices: ["` + ours + `"]`, "?code=x", ours, unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, `callers: [{name: gate, keys: ["{key k}"]}]
sources: [{from: rockblock, signature: {secrets: ["file:`+path+`"]`+tt.devices+`}}]`)
			h.now = now
			h.azure.SetClock(now)
			form := []string{"Content-Type", "application/x-www-form-urlencoded"}
			target := "/api/rockblock" + tt.query
			if got := h.send(http.MethodPost, target, body(tt.imei), form...); got != tt.want {
				t.Errorf("%s, want %s\n%s", got, tt.want, h.log.String())
			}
			changed := strings.Replace(body(tt.imei), "0102ff", "0102fe", 1)
			if got := h.send(http.MethodPost, target, changed, form...); got != unauthorized {
				t.Errorf("with another payload: %s", got)
			}
		})
	}
}

// KPN Things' hash, over the body as it came.
func TestHashOfSource(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources: [{from: senml, name: kpn, signature: {scheme: hash, secrets: [s3cret],
		header: Things-Message-Token}}]`)
	const body = `[{"bn":"urn:dev:DEVEUI:0011223344556677:","bt":1773480413,"n":"temperature","u":"Cel","v":21.5}]`
	sum := sha256.Sum256([]byte(body + "s3cret"))
	token := []string{"Things-Message-Token", hex.EncodeToString(sum[:])}
	if got := h.send(http.MethodPost, "/api/kpn", body, token...); got != ok {
		t.Errorf("%s\n%s", got, h.log.String())
	}
	if got := h.send(http.MethodPost, "/api/kpn", body+" ", token...); got != unauthorized {
		t.Errorf("another body: %s", got)
	}
}

// Myriota's scheme needs no secret, and a certificate that cannot be fetched is asked for again later.
func TestMyriotaCertificateIsAway(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `callers: [{name: gate, keys: ["{key k}"]}]
sources: [{from: myriota, signature: {hosts: [127.0.0.1]}}]`)
	h.now = time.Unix(1773480420, 0)
	body := func(host string) string {
		return `{"EndpointRef":"ref:abc","Timestamp":1773480413,"Data":"{}","Id":"1","Signature":"AAAA",` +
			`"CertificateUrl":"https://` + host + `/data-1.crt"}`
	}
	for _, tt := range []struct{ name, key, host, want string }{
		{"no key", "", "127.0.0.1", unauthorized},
		{"an address within", "k", "127.0.0.1", "Service Unavailable key-unavailable"},
		{"another host", "k", "evil.example", unauthorized},
	} {
		if got := h.send(http.MethodPost, "/api/myriota", body(tt.host), "X-Api-Key", tt.key); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

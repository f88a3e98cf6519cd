package function_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// An empty list of devices is nobody's, for a signer as for a caller.
func TestSignerOfNoDevices(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources: [{name: mine, `+mapsAll+`,
  signature: {secrets: [secret], header: X-Sig, devices: []}}]`)
	if got := h.send(http.MethodPost, "/api/mine", `{}`, "X-Sig", sign("secret", `{}`)); got != forbidden {
		t.Error(got)
	}
}

// Who has neither key nor signature is refused before anything else is looked at.
func TestUnsignedAtSignedSources(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources: [{name: mine, `+mapsAll+`, signature: {secrets: [secret], header: X-Sig}}]`)
	for _, r := range []*http.Request{
		request(t, http.MethodGet, "/api/mine", ""),
		request(t, http.MethodPost, "/api/mine", `{}`),
		request(t, http.MethodPost, "/api/mine", "no gzip", "Content-Encoding", "gzip"),
		request(t, http.MethodPost, "/api/mine", strings.Repeat("x", 2<<20)),
	} {
		if got := h.do(r); got != unauthorized {
			t.Errorf("%s %s: %s", r.Method, r.Header, got)
		}
	}
}

// What a mapping sees of the headers has none of the door's in it, whoever checks.
func TestMappingSeesNoCredentials(t *testing.T) {
	t.Parallel()
	const file = `sources: [{name: all, deviceId: '"dev-1"', measurements: "{n: ($request.headers | tostring)}"}]`
	for name, env := range map[string][]string{
		"nobody checks": {"AUTH=none"}, "the platform checks": {"AUTH=", "FUNCTIONS_CUSTOMHANDLER_PORT=7000"},
		"a key": {"AUTH=keys", "API_KEYS=a=" + hashOf("PLANTED")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, file, env...)
			headers := []string{"X-Sender", "here"}
			for _, name := range []string{"X-Api-Key", "X-Functions-Key", "X-Arr-Clientcert",
				"X-Ms-Token-Aad-Access-Token", "Proxy-Authorization", "Cookie"} {
				headers = append(headers, name, "PLANTED")
			}
			if got := h.send(http.MethodPost, "/api/all", `{}`,
				append(headers, "Authorization", "Bearer PLANTED")...); got != ok {
				t.Fatal(got)
			}
			if body := string(h.azure.Events()[0].Body); strings.Contains(body, "PLANTED") ||
				!strings.Contains(body, "here") {
				t.Error(body)
			}
		})
	}
}

// A signature over an empty body says nothing of a query that would stand for it.
func TestSignedNothing(t *testing.T) {
	t.Parallel()
	for signed, want := range map[string]string{"{body}": "Bad Request malformed-body", "{body}?{query}": ok} {
		h := newBridge(
			t,
			`sources: [{name: mine, methods: [GET, POST], deviceId: .id, measurements: "{n: .n}", signature: {`+
				`secrets: [secret], header: X-Sig, signed: "`+signed+`"}}]`,
		)
		code := sign("secret", strings.NewReplacer("{body}", "", "{query}", "id=d-1&n=5").Replace(signed))
		if got := h.send(http.MethodPost, "/api/mine?id=d-1&n=5", "", "X-Sig", code); got != want {
			t.Errorf("%s: %s, want %s", signed, got, want)
		}
	}
}

// A signature of Soracom's that names no SIM is none: the body is not signed.
func TestSoracomNamesNoSIM(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources: [{from: soracom, signature: {scheme: soracom, secrets: [secret]}}]`)
	h.now = time.UnixMilli(1443571200000)
	signature := sha256Of("secret" + "x-soracom-timestamp=1443571200000")
	if got := h.send(http.MethodPost, "/api/soracom", `{"imsi":"victim","t":1}`, "X-Soracom-Timestamp",
		"1443571200000", "X-Soracom-Signature", signature); got != unauthorized {
		t.Error(got)
	}
}

// A layer of compression may hold another that is large and holds nothing.
func TestLayersOfCompressionAreBounded(t *testing.T) {
	t.Parallel()
	pack := func(text []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(text)
		_ = w.Close()
		return b.Bytes()
	}
	nothing := bytes.Repeat(pack(nil), 400_000) // members without content, ten megabytes of them
	h := newBridge(t, "", "AUTH=none")
	if got := h.send(http.MethodPost, "/api/telemetry", string(pack(nothing)), "Content-Encoding",
		"gzip, gzip"); got != "Request Entity Too Large body-too-large" {
		t.Error(got)
	}
}

// Slashes too many are no other path, and dots lead nowhere.
func TestPaths(t *testing.T) {
	t.Parallel()
	const nowhere = "Not Found no-source"
	for path, want := range map[string]string{
		"//api/telemetry": ok, "/api//telemetry": ok, "///api///devices/d-1//telemetry": ok, "/api/telemetry/": ok,
		"/api/devices/d-1/telemetry/": ok, "/api/./telemetry": nowhere, "/api/x/../telemetry": nowhere,
		"/api/telemetry/..": nowhere, "/api/devices/../telemetry": nowhere,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, "", "AUTH=none")
			r := request(t, http.MethodPost, "/", native)
			r.URL.Path = path
			if got := h.do(r); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if want == nowhere && !strings.Contains(h.log.String(), "no-source") {
				t.Error("it is not in the log")
			}
		})
	}
	h := newBridge(t, "", "AUTH=none")
	if got := h.do(request(t, http.MethodConnect, "http://x/", "")); got != nowhere {
		t.Errorf("CONNECT: %s", got)
	}
}

// Subjects that cannot be logged have each a rate of their own, too.
func TestRatesOfStrangeSubjects(t *testing.T) {
	t.Parallel()
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	set := jwks(jwkOf("k", key.Public()))
	h := newBridge(
		t,
		fmt.Sprintf(
			"tokens: [{name: idp, issuer: me, audience: mayfly, keys: [%q], devices: [\"*\"], rate: 1/h}]",
			set,
		),
	)
	for _, subject := range []string{"é1", "é2", "with space 1", "with space 2"} {
		bearer := token(
			t,
			jwt.SigningMethodEdDSA,
			key,
			nil,
			jwt.MapClaims{"iss": "me", "aud": "mayfly", "sub": subject, "exp": h.now.Add(time.Hour).Unix()},
		)
		if got := h.send(http.MethodPost, "/api/telemetry", native, "Authorization", "Bearer "+bearer); got != ok {
			t.Errorf("%s: %s", subject, got)
		}
	}
}

// A token that names none of many keys is not tried with all of them.
func TestTokenOfManyKeys(t *testing.T) {
	t.Parallel()
	var keys []map[string]any
	var last ed25519.PrivateKey
	for i := range 8 {
		_, last, _ = ed25519.GenerateKey(rand.Reader)
		keys = append(keys, jwkOf(fmt.Sprint("k", i), last.Public()))
	}
	h := newBridge(
		t,
		fmt.Sprintf("tokens: [{name: idp, issuer: me, audience: mayfly, keys: [%q], devices: [\"*\"]}]", jwks(keys...)),
	)
	for kid, want := range map[string]string{"k7": ok, "": unauthorized} {
		header := map[string]any{}
		if kid != "" {
			header["kid"] = kid
		}
		bearer := token(
			t,
			jwt.SigningMethodEdDSA,
			last,
			header,
			jwt.MapClaims{"iss": "me", "aud": "mayfly", "sub": "a", "exp": h.now.Add(time.Hour).Unix()},
		)
		if got := h.send(http.MethodPost, "/api/telemetry", native, "Authorization", "Bearer "+bearer); got != want {
			t.Errorf("kid %q: %s, want %s", kid, got, want)
		}
	}
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

package function_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/emulator"
)

// issuing is an identity provider behind idp.example, and Azure behind the rest.
type issuing struct {
	azure   http.RoundTripper
	keys    atomic.Pointer[string]
	fetches atomic.Int64
	broken  atomic.Bool
}

func (i *issuing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "idp.example" {
		return i.azure.RoundTrip(r)
	}
	i.fetches.Add(1)
	if i.broken.Load() {
		return nil, errors.New("no route")
	}
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{},
		Body:       io.NopCloser(strings.NewReader(*i.keys.Load())),
	}, nil
}

func jwkOf(kid string, key crypto.PublicKey) map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch key := key.(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "kid": kid, "n": b64(key.N.Bytes()),
			"e": b64(big.NewInt(int64(key.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, _ := key.Bytes()
		size := (len(point) - 1) / 2
		return map[string]any{"kty": "EC", "crv": key.Params().Name, "kid": kid, "x": b64(point[1 : 1+size]),
			"y": b64(point[1+size:])}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(key)}
	}
	panic("no such key")
}

func jwks(keys ...map[string]any) string {
	text, _ := json.Marshal(map[string]any{"keys": keys})
	return string(text)
}

type keyRing struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

func newKeyRing(t *testing.T) *keyRing {
	t.Helper()
	k := &keyRing{}
	var err error
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	k.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, k.ed, _ = ed25519.GenerateKey(rand.Reader)
	return k
}

func token(t *testing.T, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	t.Helper()
	made := jwt.NewWithClaims(method, claims)
	maps.Copy(made.Header, header)
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const tokenFile = `tokens:
  - {name: idp, issuer: "https://idp.example", audience: mayfly, jwks: "https://idp.example/keys",
     devices: ["{sub}", "{plant}-*"]}
`

func TestTokens(t *testing.T) {
	t.Parallel()
	ring := newKeyRing(t)
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
	if err != nil {
		t.Fatal(err)
	}
	idp := &issuing{azure: azure.RoundTripper()}
	set := jwks(jwkOf("r", ring.rsa.Public()), jwkOf("e", ring.ec.Public()), jwkOf("d", ring.ed.Public()),
		map[string]any{"kty": "oct", "kid": "s", "k": base64.RawURLEncoding.EncodeToString([]byte("secret"))})
	idp.keys.Store(&set)
	h := bridgeOn(t, azure, idp, tokenFile)
	now := time.Now()
	claims := func(change map[string]any) jwt.MapClaims {
		c := jwt.MapClaims{
			"iss": "https://idp.example",
			"aud": "mayfly",
			"sub": "dev-1",
			"exp": now.Add(time.Hour).Unix(),
		}
		for name, value := range change {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
		return c
	}
	public, _ := x509.MarshalPKIXPublicKey(ring.rsa.Public())
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	kid := func(name string) map[string]any { return map[string]any{"kid": name} }
	good := token(t, jwt.SigningMethodES256, ring.ec, kid("e"), claims(nil))
	parts := strings.Split(good, ".")
	for name, tt := range map[string]struct{ token, want string }{
		"RS256":  {token(t, jwt.SigningMethodRS256, ring.rsa, kid("r"), claims(nil)), ok},
		"RS512":  {token(t, jwt.SigningMethodRS512, ring.rsa, kid("r"), claims(nil)), ok},
		"ES256":  {good, ok},
		"EdDSA":  {token(t, jwt.SigningMethodEdDSA, ring.ed, kid("d"), claims(nil)), ok},
		"no kid": {token(t, jwt.SigningMethodEdDSA, ring.ed, nil, claims(nil)), ok},
		"several audiences": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"aud": []string{"x", "mayfly"}})), ok},
		"another claim": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"sub": "x", "plant": "dev"})), ok},
		"other's device": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"sub": "dev-2"})), forbidden},
		"a glob for a name": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"sub": "*", "plant": "*"})), forbidden},
		"no subject": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"sub": nil})), forbidden},
		"subject is a list": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"sub": []string{"dev-1"}})), forbidden},
		"alg none": {token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid("r"), claims(nil)),
			unauthorized},
		"alg None by hand": {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"None"}`)) + "." + parts[1] + ".",
			unauthorized},
		"public key as HMAC": {token(t, jwt.SigningMethodHS256, publicPEM, kid("r"), claims(nil)), unauthorized},
		"DER as HMAC":        {token(t, jwt.SigningMethodHS256, public, kid("r"), claims(nil)), unauthorized},
		"secret of the set": {token(t, jwt.SigningMethodHS256, []byte("secret"), kid("s"), claims(nil)),
			unauthorized},
		"PS256":               {token(t, jwt.SigningMethodPS256, ring.rsa, kid("r"), claims(nil)), unauthorized},
		"key of another kind": {token(t, jwt.SigningMethodES256, ring.ec, kid("r"), claims(nil)), unauthorized},
		"key of its own": {token(t, jwt.SigningMethodEdDSA, newKeyRing(t).ed,
			map[string]any{"kid": "d", "jwk": jwkOf("d", ring.ed.Public()), "jku": "https://evil.example"},
			claims(nil)), unauthorized},
		"critical header": {token(t, jwt.SigningMethodES256, ring.ec,
			map[string]any{"kid": "e", "crit": []string{"b64"}, "b64": false}, claims(nil)), unauthorized},
		"other issuer": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"iss": "https://other.example"})), unauthorized},
		"other audience": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"aud": "other"})), unauthorized},
		"no audience": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"), claims(map[string]any{"aud": nil})),
			unauthorized},
		"no expiry": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"), claims(map[string]any{"exp": nil})),
			unauthorized},
		"expired": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"exp": now.Add(-time.Minute).Unix()})), unauthorized},
		"not yet": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"nbf": now.Add(time.Minute).Unix()})), unauthorized},
		"claims changed": {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"dev-1"}`)) + "." +
			parts[2], unauthorized},
		"signature cut": {good[:len(good)-6], unauthorized},
		"too long": {token(t, jwt.SigningMethodES256, ring.ec, kid("e"),
			claims(map[string]any{"x": strings.Repeat("x", 8<<10)})), unauthorized},
	} {
		// Twice: a token that was refused must not be remembered as good.
		for range 2 {
			if got := h.send(http.MethodPost, "/api/telemetry", native, "Authorization",
				"Bearer "+tt.token); got != tt.want {
				t.Errorf("%s: %s, want %s", name, got, tt.want)
			}
		}
	}
	h.now = now.Add(2 * time.Hour)
	h.azure.SetClock(h.now)
	if got := h.send(http.MethodPost, "/api/telemetry", native, "Authorization", "Bearer "+good); got != unauthorized {
		t.Errorf("remembered beyond its expiry: %s", got)
	}
}

// The key set is fetched once, again for a key that it lacks, and not more often
// than once a minute whatever tokens come. It is used while its server is away.
func TestTokenKeysAreCached(t *testing.T) {
	t.Parallel()
	ring, next := newKeyRing(t), newKeyRing(t)
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
	if err != nil {
		t.Fatal(err)
	}
	idp := &issuing{azure: azure.RoundTripper()}
	azure.Provision("dev-1", emulator.DefaultHub)
	h := bridgeOn(t, azure, idp, tokenFile, "HUB_HINT="+emulator.DefaultHub)
	n := 0
	send := func(kid string, key ed25519.PrivateKey) string {
		n++
		text := token(t, jwt.SigningMethodEdDSA, key, map[string]any{"kid": kid}, jwt.MapClaims{
			"iss": "https://idp.example", "aud": "mayfly", "sub": "dev-1", "exp": h.now.Add(time.Hour).Unix(),
			"jti": n})
		return h.send(http.MethodPost, "/api/telemetry", native, "Authorization", "Bearer "+text)
	}
	step := func(what string, kid string, key ed25519.PrivateKey, want string, fetches int64) {
		t.Helper()
		if got := send(kid, key); got != want || idp.fetches.Load() != fetches {
			t.Errorf("%s: %s after %d fetches, want %s after %d", what, got, idp.fetches.Load(), want, fetches)
		}
	}
	later := func(d time.Duration) {
		h.now = h.now.Add(d)
		azure.SetClock(h.now)
	}
	old, both := jwks(jwkOf("1", ring.ed.Public())), jwks(jwkOf("1", ring.ed.Public()), jwkOf("2", next.ed.Public()))
	idp.keys.Store(&old)
	idp.broken.Store(true)
	step("server away", "1", ring.ed, "Service Unavailable key-unavailable", 1)
	step("not asked at once again", "1", ring.ed, "Service Unavailable key-unavailable", 1)
	idp.broken.Store(false)
	later(time.Second)
	step("first", "1", ring.ed, ok, 2)
	step("second", "1", ring.ed, ok, 2)
	idp.keys.Store(&both)
	for range 20 {
		step("new key, too early to ask", "2", next.ed, unauthorized, 2)
	}
	later(time.Minute)
	step("new key", "2", next.ed, ok, 3)
	idp.broken.Store(true)
	later(20 * time.Minute)
	step("unknown key, server away", "3", next.ed, "Service Unavailable key-unavailable", 4)
	step("stale, server away", "1", ring.ed, ok, 4)
	later(25 * time.Hour)
	step("too stale", "1", ring.ed, "Service Unavailable key-unavailable", 5)
}

func TestTokenStaticKeys(t *testing.T) {
	t.Parallel()
	ring := newKeyRing(t)
	der, _ := x509.MarshalPKIXPublicKey(ring.ec.Public())
	path := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newBridge(t, `tokens: [{name: idp, issuer: me, audience: mayfly, keys: ["file:`+path+`"], rate: 2/m}]`)
	text := token(
		t,
		jwt.SigningMethodES256,
		ring.ec,
		nil,
		jwt.MapClaims{"iss": "me", "aud": "mayfly", "sub": "dev-1", "exp": h.now.Add(time.Hour).Unix()},
	)
	for i, want := range []string{ok, ok, "Too Many Requests slow-down"} {
		if got := h.send(http.MethodPost, "/api/telemetry", native, "Authorization", "Bearer "+text); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
}

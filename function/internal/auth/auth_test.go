package auth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/problem"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

// world is an Authenticator with a clock that the test sets, and an identity
// provider that it plays.
type world struct {
	t    *testing.T
	now  time.Time
	keys map[string]ed25519.PrivateKey
	set  []string // the kids that the provider has
	auth *auth.Authenticator
}

func newWorld(t *testing.T, kids ...string) *world {
	t.Helper()
	w := &world{t: t, now: time.Unix(1_800_000_000, 0), keys: map[string]ed25519.PrivateKey{}, set: kids}
	for _, kid := range kids {
		_, w.keys[kid], _ = ed25519.GenerateKey(rand.Reader)
	}
	clock := func() time.Time { return w.now }
	w.auth = auth.New(&auth.Options{
		Mode:    policy.ModeKeys,
		Tokens:  []policy.TokenSpec{{Name: "idp", Issuer: "me", Audience: "mayfly", JWKS: "https://idp.example/keys"}},
		Secrets: &secret.Loader{Now: clock}, Transport: w, Now: clock, Fleets: []string{""},
	})
	return w
}

// RoundTrip answers with the key set.
func (w *world) RoundTrip(*http.Request) (*http.Response, error) {
	var keys []string
	for _, kid := range w.set {
		x := base64.RawURLEncoding.EncodeToString(w.keys[kid].Public().(ed25519.PublicKey))
		keys = append(keys, fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, kid, x))
	}
	body := `{"keys":[` + strings.Join(keys, ",") + `]}`
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// token makes one that is good for an hour, unless change says otherwise.
func (w *world) token(kid string, header map[string]any, change jwt.MapClaims) string {
	w.t.Helper()
	claims := jwt.MapClaims{"iss": "me", "aud": "mayfly", "sub": "dev-1", "exp": w.now.Add(time.Hour).Unix()}
	maps.Copy(claims, change)
	made := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	made.Header["kid"] = kid
	for name, value := range header {
		if made.Header[name] = value; value == nil {
			delete(made.Header, name)
		}
	}
	text, err := made.SignedString(w.keys[kid])
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// code gives the code of the refusal of a token; empty: it is good.
func (w *world) code(token string) problem.Code {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/api/telemetry", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	c, err := w.auth.Authenticate(r, "telemetry")
	if refused, ok := errors.AsType[*problem.Error](err); ok {
		return refused.Code
	}
	if err != nil || c == nil {
		w.t.Fatalf("%v, %v", c, err)
	}
	return ""
}

// The times of a token are taken with half a minute of leeway.
func TestTokenTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		claims func(now time.Time) jwt.MapClaims
		want   problem.Code
	}{
		{"expires now", func(now time.Time) jwt.MapClaims { return jwt.MapClaims{"exp": now.Unix()} }, ""},
		{"29 s past", func(now time.Time) jwt.MapClaims { return jwt.MapClaims{"exp": now.Unix() - 29} }, ""},
		{"30 s past", func(now time.Time) jwt.MapClaims { return jwt.MapClaims{"exp": now.Unix() - 30} },
			problem.Unauthenticated},
		{"30 s early", func(now time.Time) jwt.MapClaims { return jwt.MapClaims{"nbf": now.Unix() + 30} }, ""},
		{"31 s early", func(now time.Time) jwt.MapClaims { return jwt.MapClaims{"nbf": now.Unix() + 31} },
			problem.Unauthenticated},
	} {
		w := newWorld(t, "a")
		if got := w.code(w.token("a", nil, tt.claims(w.now))); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A token that was good is remembered for a minute, and no longer than it is valid.
func TestTokenIsRemembered(t *testing.T) {
	t.Parallel()
	t.Run("until it expires", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "a")
		token := w.token("a", nil, jwt.MapClaims{"exp": w.now.Unix() + 10})
		for _, step := range []struct {
			after time.Duration
			want  problem.Code
		}{{0, ""}, {39 * time.Second, ""}, {time.Second, problem.Unauthenticated}} {
			w.now = w.now.Add(step.after)
			if got := w.code(token); got != step.want {
				t.Errorf("after %s: %q, want %q", step.after, got, step.want)
			}
		}
	})
	t.Run("for a minute after its key was withdrawn", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "a", "b", "c")
		w.set = []string{"a", "b"}
		w.code(w.token("b", nil, nil)) // the set is fetched
		w.now = w.now.Add(30 * time.Second)
		token := w.token("a", nil, nil)
		w.code(token)
		w.set = []string{"c"}
		w.now = w.now.Add(30 * time.Second)
		if got := w.code(w.token("c", nil, nil)); got != "" { // the set is fetched again
			t.Fatal(got)
		}
		w.now = w.now.Add(30*time.Second - 1)
		if got := w.code(token); got != "" {
			t.Errorf("within the minute: %q", got)
		}
		w.now = w.now.Add(1)
		if got := w.code(token); got != problem.Unauthenticated {
			t.Errorf("after the minute: %q", got)
		}
	})
}

// A token that does not name its key is tried with three at the most.
func TestTokenWithoutKeyID(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]problem.Code{3: "", 4: problem.Unauthenticated} {
		w := newWorld(t, []string{"a", "b", "c", "d"}[:n]...)
		if got := w.code(w.token("c", map[string]any{"kid": nil}, nil)); got != want {
			t.Errorf("%d keys: %q, want %q", n, got, want)
		}
	}
}

// A token has 8 KiB at the most.
func TestTokenLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a")
	for size, want := range map[int]problem.Code{8 << 10: "", 8<<10 + 1: problem.Unauthenticated} {
		token := ""
		for pad := 0; len(token) != size; pad++ {
			if pad == 4 {
				t.Fatalf("no token has %d bytes", size)
			}
			header := map[string]any{"x": strings.Repeat("x", pad)}
			short := len(w.token("a", header, jwt.MapClaims{"y": ""}))
			for n := (size - short) * 3 / 4; len(token) < size && n < (size-short)*3/4+4; n++ {
				token = w.token("a", header, jwt.MapClaims{"y": strings.Repeat("y", n)})
			}
			if len(token) != size {
				token = ""
			}
		}
		if got := w.code(token); got != want {
			t.Errorf("%d bytes: %q, want %q", size, got, want)
		}
	}
}

// The fleet of a message is the one that it names where the caller may use it, else
// the caller's first, else the environment's own.
func TestAuthorizeChoosesFleets(t *testing.T) {
	t.Parallel()
	var (
		anybody = &policy.Caller{Name: "anybody"}
		north   = &policy.Caller{Name: "north", Fleets: []string{"north", "south"}}
		signer  = &policy.Caller{Name: "signer", AnyFleet: true}
	)
	for _, tt := range []struct {
		name   string
		fleets []string
		mode   policy.Mode
		caller *policy.Caller
		named  string
		want   string // "-": not allowed, "?": not known
	}{
		{"only the environment's own", []string{""}, policy.ModeKeys, anybody, "", ""},
		{"only that, and one is named", []string{""}, policy.ModeKeys, anybody, "north", "-"},
		{"the caller's first", []string{"", "north", "south"}, policy.ModeKeys, north, "", "north"},
		{"the caller's other", []string{"", "north", "south"}, policy.ModeKeys, north, "south", "south"},
		{"another's", []string{"", "north", "east"}, policy.ModeKeys, north, "east", "-"},
		{"named by a caller of none", []string{"", "north"}, policy.ModeKeys, anybody, "north", "-"},
		{"named by a signed source", []string{"", "north"}, policy.ModeKeys, signer, "north", "north"},
		{"named, and there is no such", []string{"", "north"}, policy.ModeKeys, signer, "east", "-"},
		{"named where nobody checks", []string{"", "north"}, policy.ModeNone, nil, "north", "north"},
		{"none is named, and there is no own", []string{"north"}, policy.ModeKeys, anybody, "", "?"},
	} {
		a := auth.New(&auth.Options{Mode: tt.mode, Fleets: tt.fleets, Now: time.Now})
		messages := []message.Message{{DeviceID: "d", Fleet: tt.named}}
		err := a.Authorize(messages, tt.caller, nil)
		got := messages[0].Fleet
		if refused, ok := errors.AsType[*problem.Error](err); ok {
			got = map[problem.Code]string{problem.DeviceNotAllowed: "-", problem.InvalidMessage: "?"}[refused.Code]
		}
		if got != tt.want {
			t.Errorf("%s: %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
}

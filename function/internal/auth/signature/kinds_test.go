package signature_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"mayfly/function/internal/auth/signature"
	"mayfly/internal/settings"
	"mayfly/transform/signing"
)

// bodyOf is a body as a mapping reads it: JSON.
func bodyOf(text string) signature.Body {
	return signature.Body{Raw: []byte(text), Content: func() (value any, err error) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		err = d.Decode(&value)
		return value, err
	}}
}

// attempt is a request and what a verifier says of it.
type attempt struct {
	name, target, body string
	header             []string
	want               string // the error; empty: it is accepted
}

// try sends the attempts to a verifier, one after the other.
func try(t *testing.T, v *signature.Verifier, now time.Time, attempts []attempt, secrets ...string) {
	t.Helper()
	for _, a := range attempts {
		target := a.target
		if target == "" {
			target = "/api/mine"
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(a.body))
		for i := 0; i+1 < len(a.header); i += 2 {
			r.Header.Add(a.header[i], a.header[i+1])
		}
		_, err := v.Verify(r, bodyOf(a.body), now)
		text := ""
		if err != nil {
			text = err.Error()
			if _, ok := errors.AsType[signature.Error](err); !ok {
				t.Errorf("%s: %v is not for the sender", a.name, err)
			}
		}
		if text != a.want {
			t.Errorf("%s: %q, want %q", a.name, text, a.want)
		}
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s: the error shows a secret: %s", a.name, text)
			}
		}
	}
}

const (
	none  = "there is no signature"
	wrong = "the signature is wrong"
)

// KPN Things writes the SHA-256 of the body and the secret into Things-Message-Token.
func TestHash(t *testing.T) {
	t.Parallel()
	const body = `[{"bn":"urn:dev:DEVEUI:0011223344556677:","bt":1773480413,"n":"temperature","u":"Cel","v":21.5}]`
	token := func(body, secret string) string {
		sum := sha256.Sum256([]byte(body + secret))
		return hex.EncodeToString(sum[:])
	}
	v := verifier(t, specOf(t, `{scheme: hash, secrets: [s3cret, next], header: Things-Message-Token}`))
	try(t, v, time.Now(), []attempt{
		{"a vector of our own", "", `{"t":1}`, []string{"Things-Message-Token",
			"0c7684a7bcd0e345ef1f15084fcf9a831ec43e7013af0f1521e9b6a704a9618a"}, ""},
		{"the first secret", "", body, []string{"Things-Message-Token", token(body, "s3cret")}, ""},
		{"upper case", "", body, []string{"Things-Message-Token", strings.ToUpper(token(body, "s3cret"))}, ""},
		{"the second secret", "", body, []string{"Things-Message-Token", token(body, "next")}, ""},
		{"the same again, which has no time", "", body, []string{"Things-Message-Token", token(body, "next")}, ""},
		{"another secret", "", body, []string{"Things-Message-Token", token(body, "other")}, wrong},
		{"another body", "", body + " ", []string{"Things-Message-Token", token(body, "s3cret")}, wrong},
		{"the hash of the body alone", "", body, []string{"Things-Message-Token", token(body, "")}, wrong},
		{"cut off", "", body, []string{"Things-Message-Token", token(body, "s3cret")[:62]}, wrong},
		{"not hex", "", body, []string{"Things-Message-Token", "xyz"}, none},
		{"none", "", body, nil, none},
		{"the secret itself", "", body, []string{"Things-Message-Token", "s3cret"}, none},
	}, "s3cret", "next")
}

// A token may be in each of the places that a sender has for it, and is right in all of them.
func TestToken(t *testing.T) {
	t.Parallel()
	v := verifier(t, &signing.Spec{
		Scheme: signing.Token, Secrets: secrets("WRITEKEY1", "WRITEKEY2", "42"), Header: "X-THINGSPEAKAPIKEY",
		Query: "api_key", Members: []string{"api_key", "auth.token"},
	})
	try(t, v, time.Now(), []attempt{
		{"header", "", `{"field1":1}`, []string{"X-Thingspeakapikey", "WRITEKEY1"}, ""},
		{"query", "/api/mine?api_key=WRITEKEY2&field1=1", ``, nil, ""},
		{"member", "", `{"api_key":"WRITEKEY1","field1":1}`, nil, ""},
		{"member that is a number", "", `{"api_key":42}`, nil, ""},
		{"member below another", "", `{"auth":{"token":"WRITEKEY1"}}`, nil, ""},
		{"header and query", "/api/mine?api_key=WRITEKEY2", ``, []string{"X-Thingspeakapikey", "WRITEKEY1"}, ""},
		{"header right, query wrong", "/api/mine?api_key=x", ``, []string{"X-Thingspeakapikey", "WRITEKEY1"}, wrong},
		{"header right, member wrong", "", `{"api_key":"x"}`, []string{"X-Thingspeakapikey", "WRITEKEY1"}, wrong},
		{"twice in the query", "/api/mine?api_key=WRITEKEY1&api_key=WRITEKEY1", ``, nil, none},
		{"two headers", "", `{}`, []string{"X-Thingspeakapikey", "WRITEKEY1", "X-Thingspeakapikey", "WRITEKEY1"}, none},
		{"a list", "", `{"api_key":["WRITEKEY1"]}`, nil, none},
		{"an object", "", `{"api_key":{"a":"WRITEKEY1"}}`, nil, none},
		{"null", "", `{"api_key":null}`, nil, none},
		{"empty", "/api/mine?api_key=", `{}`, nil, none},
		{"wrong", "", `{"api_key":"WRITEKEY3"}`, nil, wrong},
		{"the beginning of one", "", `{"api_key":"WRITEKEY"}`, nil, wrong},
		{"one and more", "", `{"api_key":"WRITEKEY11"}`, nil, wrong},
		{"none", "", `{"field1":1}`, nil, none},
		{"a body that cannot be read", "", `{"api_key":"WRITEKEY1"`, nil, none},
		{"too long", "", `{"api_key":"` + strings.Repeat("x", 16<<10+1) + `"}`, nil, none},
	}, "WRITEKEY1", "WRITEKEY2")
}

// Basic is a user and a password of this source.
func TestBasic(t *testing.T) {
	t.Parallel()
	v := verifier(t, &signing.Spec{Scheme: signing.Basic, Secrets: secrets("airrohr:pa:ss", "old:one")})
	header := func(user, password string) []string {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.SetBasicAuth(user, password)
		return []string{"Authorization", r.Header.Get("Authorization")}
	}
	const refused = "the user or the password is wrong"
	try(t, v, time.Now(), []attempt{
		{"right", "", `{}`, header("airrohr", "pa:ss"), ""},
		{"the other", "", `{}`, header("old", "one"), ""},
		{"wrong password", "", `{}`, header("airrohr", "pass"), refused},
		{"wrong user", "", `{}`, header("other", "pa:ss"), refused},
		{"password of the other", "", `{}`, header("airrohr", "one"), refused},
		{"empty", "", `{}`, header("", ""), refused},
		{"not Basic", "", `{}`, []string{"Authorization", "Bearer pa:ss"}, none},
		{"not base64", "", `{}`, []string{"Authorization", "Basic %%%"}, none},
		{"twice", "", `{}`, append(header("airrohr", "pa:ss"), header("airrohr", "pa:ss")...), none},
		{"none", "", `{}`, nil, none},
	}, "pa:ss")
}

// specOf reads a specification as it stands in a configuration file.
func specOf(t *testing.T, text string) *signing.Spec {
	t.Helper()
	spec := &signing.Spec{}
	if err := settings.Read([]byte(text), spec, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return spec
}

// certificate is the beginning of a specification that is whole.
const certificate = `{scheme: certificate, members: [S], certificateURL: U, hosts: [a.example], signed: "{member:D}"`

// What is only half configured, or would protect nothing, is refused with the member that is missing.
func TestHalfConfigured(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{
		{`{scheme: rsa, secrets: [s]}`, `scheme: "rsa" is not known: want hmac, hash,`},
		{`{scheme: hash, secrets: [s]}`, "one of header, query and members"},
		{`{scheme: hash, header: X}`, "secrets: is missing"},
		{`{scheme: hash, secrets: [s], header: X, signed: "{body}"}`, "{secret} once"},
		{`{scheme: hash, secrets: [s], header: X, signed: "{secret}{body}"}`, "must end with {secret}"},
		{`{scheme: hash, secrets: [s], header: X, signed: "{body}{secret}x"}`, "must end with {secret}"},
		{`{scheme: hash, secrets: [s], header: X, algorithm: sha1}`, "sha256 or sha512"},
		{`{secrets: [s], header: X, signed: "{body}{secret}"}`, "the scheme hash"},
		{`{secrets: [s], header: X, signed: "{member:a}{member:b}"}`, "nothing between them"},
		{`{secrets: [s], header: X, signed: "{header:a}"}`, "leaves the {body} out"},
		{`{secrets: [s], header: X, members: [a]}`, "one of header, query and members"},
		{`{scheme: token, secrets: [s]}`, "header, query or members must say where"},
		{`{scheme: token, query: k}`, "secrets: is missing"},
		{`{scheme: token, secrets: [s], query: k, signed: "{body}"}`, "signed: is not a member of the scheme token"},
		{`{scheme: token, secrets: [s], query: k, replay: 1h}`, "replay: must be left out"},
		{`{scheme: basic}`, "secrets: is missing: a list of user:password"},
		{`{scheme: basic, secrets: ["u:p"], header: X}`, "header: is not a member of the scheme basic"},
		{`{scheme: jwt, secrets: [s], members: [J], bodyClaims: true}`, "algorithm must be"},
		{`{scheme: jwt, secrets: [s], members: [J], bodyClaims: true, algorithm: none}`, "algorithm must be"},
		{`{scheme: jwt, secrets: [s], algorithm: HS256, hashClaims: {h: sha256}}`, "header, query or members"},
		{`{scheme: jwt, secrets: [s], algorithm: HS256, header: X}`, "hashClaims must name the claim"},
		{`{scheme: jwt, secrets: [s], algorithm: HS256, header: X, hashClaims: {h: md5}}`,
			"hashClaims must name sha256"},
		{`{scheme: jwt, secrets: [s], algorithm: HS256, header: X, bodyClaims: true}`, "members must name it"},
		{`{scheme: jwt, algorithm: RS256, members: [JWT], bodyClaims: true}`, "a list of the public keys"},
		{`{scheme: certificate}`, "members must name the member with the signature"},
		{`{scheme: certificate, members: [S]}`, "certificateURL must name"},
		{`{scheme: certificate, members: [S], certificateURL: U}`, "hosts must list"},
		{`{scheme: certificate, members: [S], certificateURL: U, hosts: ["https://a.example"]}`,
			"hosts must be host names"},
		{`{scheme: certificate, members: [S], certificateURL: U, hosts: ["a.example/x"]}`,
			"hosts must be host names"},
		{`{scheme: certificate, members: [S], certificateURL: U, hosts: [a.example]}`, "signed must say"},
		{certificate + `, secrets: [s]}`,
			"secrets: must be left out"},
		{certificate + `, algorithm: sha1}`,
			"algorithm must be sha256 or sha512"},
		{certificate + `, subject: {L: x}}`,
			"subject knows CN, O and OU"},
		{certificate + `, timestamp: "member:T"}`,
			"leaves the {timestamp} out"},
		{certificate + `, header: X}`,
			"header: is not a member of the scheme certificate"},
		{`{secrets: [s], header: X, claims: {iss: a}}`, "claims: is not a member of the scheme hmac"},
		{`{scheme: jwt, secrets: [s], algorithm: HS256, header: X, hashClaims: {h: sha256}, replay: 1m}`,
			"twice the tolerance"},
	} {
		if err := signature.Validate(specOf(t, tt[0])); err == nil || !strings.Contains(err.Error(), tt[1]) {
			t.Errorf("%s: %v, want %q", tt[0], err, tt[1])
		}
	}
}

// A secret of the wrong kind is refused without being shown.
func TestSecretsOfTheWrongKind(t *testing.T) {
	t.Parallel()
	const public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
	for name, tt := range map[string]struct {
		spec signing.Spec
		text string
	}{
		"a password without user":           {signing.Spec{Scheme: signing.Basic}, "passw0rd"},
		"no user":                           {signing.Spec{Scheme: signing.Basic}, ":passw0rd"},
		"a public key where HMAC is wanted": {signing.Spec{Scheme: signing.JWT, Algorithm: "HS256"}, public},
		"a secret where a key is wanted":    {signing.Spec{Scheme: signing.JWT, Algorithm: "RS256"}, "passw0rd"},
		"a key that is not one":             {signing.Spec{Scheme: signing.JWT, Algorithm: "RS256"}, public},
	} {
		err := signature.ParseSecret(&tt.spec, tt.text)
		if err == nil || strings.Contains(err.Error(), "passw0rd") || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := signature.ParseSecret(&signing.Spec{Scheme: signing.Basic}, "a:b"); err != nil {
		t.Error(err)
	}
}

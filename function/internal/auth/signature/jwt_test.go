package signature_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/internal/secret"
	"mayfly/transform/signing"
)

var jwtNow = time.Unix(1_773_480_420, 0)

// signed makes a JWT.
func signed(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims, header ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for i := 0; i+1 < len(header); i += 2 {
		token.Header[header[i]] = header[i+1]
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func with(claims jwt.MapClaims, pairs ...any) jwt.MapClaims {
	out := maps.Clone(claims)
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, _ := pairs[i].(string); pairs[i+1] == nil {
			delete(out, name)
		} else {
			out[name] = pairs[i+1]
		}
	}
	return out
}

// rsaKeys are made once: that takes long.
var rsaKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		keys[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return keys
})

func publicPEM(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// Disruptive Technologies' X-Dt-Signature: HS256, and the hash of the body as a claim.
func TestJWTWithHashOfBody(t *testing.T) {
	t.Parallel()
	const body = `{"event":{"eventId":"ev1aaaa","eventType":"temperature"},"metadata":{"deviceId":"dev1aaaa"}}`
	sum, old := sha256.Sum256([]byte(body)), sha1.Sum([]byte(body))
	good := jwt.MapClaims{
		"checksum_sha256": hex.EncodeToString(sum[:]), "checksum": hex.EncodeToString(old[:]),
		"iat": jwtNow.Unix() - 5, "exp": jwtNow.Unix() + 3595, "jti": "0",
	}
	const key = "signature-secret"
	hs := func(claims jwt.MapClaims) []string {
		return []string{"X-Dt-Signature", signed(t, jwt.SigningMethodHS256, []byte(key), claims)}
	}
	unsigned := signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good)
	parts := strings.Split(hs(good)[1], ".")
	other := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"checksum_sha256":"%x","iat":%d}`,
		sha256.Sum256([]byte("{}")), jwtNow.Unix())))
	v := verifier(t, specOf(t, `{scheme: jwt, secrets: [next-secret, `+key+`], header: X-Dt-Signature, algorithm: HS256,
		hashClaims: {checksum_sha256: sha256, checksum: sha1}}`))
	const (
		replayed   = "what is signed was sent before"
		unhashed   = "the JWT has no claim with the hash of the body"
		unreadable = "the JWT cannot be read"
		otherBody  = "the body is not the one that the JWT is for"
		expired    = "the JWT has expired"
		away       = "the signature's time is more than 5m0s away"
	)
	try(t, v, jwtNow, []attempt{
		{"both hashes", "", body, hs(good), ""},
		{"replayed", "", body, hs(good), replayed},
		{"SHA-256 alone", "", body, hs(with(good, "checksum", nil)), ""},
		{"SHA-1 alone, of older ones", "", body, hs(with(good, "checksum_sha256", nil)), ""},
		{"the other secret", "", body, []string{"X-Dt-Signature",
			signed(t, jwt.SigningMethodHS256, []byte("next-secret"), with(good, "jti", "1"))}, ""},
		{"another body", "", body + " ", hs(with(good, "jti", "2")), otherBody},
		{"one of the hashes is wrong", "", body, hs(with(good, "checksum", strings.Repeat("0", 40))), otherBody},
		{"hash that is not hex", "", body, hs(with(good, "checksum", "xyz")), otherBody},
		{"hash that is cut off", "", body, hs(with(good, "checksum_sha256", hex.EncodeToString(sum[:31]))), otherBody},
		{"no hash", "", body, hs(jwt.MapClaims{"iat": jwtNow.Unix()}), unhashed},
		{"hash that is a number", "", body, hs(jwt.MapClaims{"iat": jwtNow.Unix(), "checksum": 1}), unhashed},
		{"expired", "", body, hs(with(good, "exp", jwtNow.Unix()-31)), expired},
		{"expired within the leeway", "", body, hs(with(good, "exp", jwtNow.Unix()-29)), ""},
		{"exp that is a text", "", body, hs(with(good, "exp", "never")), expired},
		{"from the future", "", body, hs(with(good, "iat", jwtNow.Unix()+301)), away},
		{"old", "", body, hs(with(good, "iat", jwtNow.Unix()-301)), away},
		{"iat that is a text", "", body, hs(with(good, "iat", "now")), "the JWT's claim iat is not a time"},
		{"not good yet", "", body, hs(with(good, "nbf", jwtNow.Unix()+60)), "the JWT is not good yet"},
		{"exp alone", "", body, hs(with(good, "iat", nil, "exp", jwtNow.Unix()+60)), ""},
		{"exp alone, again", "", body, hs(with(good, "iat", nil, "exp", jwtNow.Unix()+60)), replayed},
		{"exp alone, for a year", "", body, hs(with(good, "iat", nil, "exp", jwtNow.Unix()+31536000)),
			"the JWT is good for longer than it is remembered: it needs iat"},
		{"forged", "", body, []string{"X-Dt-Signature",
			signed(t, jwt.SigningMethodHS256, []byte("guess"), good)}, wrong},
		{"HS384", "", body, []string{"X-Dt-Signature",
			signed(t, jwt.SigningMethodHS384, []byte(key), good)}, wrong},
		{"alg none", "", body, []string{"X-Dt-Signature", unsigned}, wrong},
		{"alg none with a signature", "", body, []string{"X-Dt-Signature", unsigned + parts[2]}, wrong},
		{"other claims under the signature", "", "{}", []string{"X-Dt-Signature",
			parts[0] + "." + other + "." + parts[2]}, wrong},
		{"without its signature", "", body, []string{"X-Dt-Signature", parts[0] + "." + parts[1] + "."}, wrong},
		{"truncated", "", body, []string{"X-Dt-Signature", hs(good)[1][:len(hs(good)[1])-4]}, wrong},
		{"two parts", "", body, []string{"X-Dt-Signature", parts[0] + "." + parts[1]}, unreadable},
		{"not a JWT", "", body, []string{"X-Dt-Signature", "eyJ"}, unreadable},
		{"critical headers", "", body, []string{"X-Dt-Signature",
			signed(t, jwt.SigningMethodHS256, []byte(key), good, "crit", "b64")}, wrong},
		{"huge", "", body, []string{"X-Dt-Signature",
			parts[0] + "." + strings.Repeat("A", 16<<10) + "." + parts[2]}, none},
		{"two headers", "", body, append(hs(good), hs(good)...), none},
		{"none", "", body, nil, none},
	}, key, "next-secret", hs(good)[1])
}

// RockBLOCK's JWT: RS256, in the body, with what the body says as claims.
func TestJWTWithBodyAsClaims(t *testing.T) {
	t.Parallel()
	const body = `{"imei":"300000000000001","serial":20111,"momsn":47,"transmit_time":"26-03-14 09:26:53",` +
		`"iridium_latitude":47.1234,"iridium_cep":3.0,"data":"0102ff","JWT":"%s"}`
	good := jwt.MapClaims{
		"iss": "Rock 7", "iat": jwtNow.Unix() - 5, "imei": "300000000000001", "serial": "20111", "momsn": "47",
		"transmit_time": "26-03-14 09:26:53", "iridium_latitude": "47.1234", "iridium_cep": "3.0", "data": "0102ff",
	}
	rs := rsaKeys()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := publicPEM(t, rs[0].Public())
	as := func(claims jwt.MapClaims) string {
		return fmt.Sprintf(body, signed(t, jwt.SigningMethodRS256, rs[0], claims))
	}
	spec := specOf(t, `{scheme: jwt, members: [JWT], algorithm: RS256, bodyClaims: true,
		claims: {iss: Rock 7}, timestamp: iat}`)
	spec.Secrets = []secret.Text{secret.NewText(publicPEM(t, ec.Public()) + publicPEM(t, rs[1].Public())),
		secret.NewText(public)}
	const (
		issuer  = "the JWT's claim iss is not the one that is wanted"
		differs = "the body's members are not the claims of the JWT"
		away    = "the signature's time is more than 5m0s away"
	)
	none256 := signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good)
	confused := signed(t, jwt.SigningMethodHS256, []byte(public), good)
	other := signed(t, jwt.SigningMethodES256, ec, good)
	trimmed := signed(t, jwt.SigningMethodHS256, []byte(strings.TrimSpace(public)), good)
	try(t, verifier(t, spec), jwtNow, []attempt{
		{"as it is sent", "", as(good), nil, ""},
		{"replayed", "", as(good), nil, "what is signed was sent before"},
		{"by the other key", "", fmt.Sprintf(body, signed(t, jwt.SigningMethodRS256, rs[1], good)), nil,
			"what is signed was sent before"},
		{"claims that are numbers", "", as(with(good, "momsn", 47, "iridium_cep", 3)), nil, ""},
		{"a member that is empty and no claim", "", strings.Replace(as(with(good, "iat", jwtNow.Unix()-6)), `{`,
			`{"device_type":"",`, 1), nil, ""},
		{"another IMEI", "", strings.Replace(as(good), "0001", "0002", 1), nil, differs},
		{"another position", "", strings.Replace(as(good), "47.1234", "47.1235", 1), nil, differs},
		{"a member more", "", strings.Replace(as(good), `{`, `{"temp":1,`, 1), nil, differs},
		{"a member less", "", strings.Replace(as(good), `"data":"0102ff",`, ``, 1), nil, differs},
		{"a member twice", "", strings.Replace(as(good), `{`, `{"imei":"2",`, 1), nil,
			"what is signed was sent before"}, // the mapping reads the last one, too
		{"an object for a text", "", strings.Replace(as(good), `"0102ff"`, `{"a":"0102ff"}`, 1), nil, differs},
		{"another issuer", "", as(with(good, "iss", "Rock 8")), nil, issuer},
		{"no issuer", "", as(with(good, "iss", nil)), nil, issuer},
		{"no time", "", as(with(good, "iat", nil)), nil, "the JWT has no time in its claim iat"},
		{"from the future", "", as(with(good, "iat", jwtNow.Unix()+301)), nil, away},
		{"old", "", as(with(good, "iat", jwtNow.Unix()-301)), nil, away},
		{"HS256 by the public key", "", fmt.Sprintf(body, confused), nil, wrong},
		{"HS256 by the public key, trimmed", "", fmt.Sprintf(body, trimmed), nil, wrong},
		{"ES256 by a key that is known", "", fmt.Sprintf(body, other), nil, wrong},
		{"alg none", "", fmt.Sprintf(body, none256), nil, wrong},
		{"PS256", "", fmt.Sprintf(body, signed(t, jwt.SigningMethodPS256, rs[0], good)), nil, wrong},
		{"truncated", "", strings.Replace(as(good), `"}`, `x"}`, 1)[:len(as(good))-6] + `"}`, nil, wrong},
		{"not a JWT", "", fmt.Sprintf(body, "a.b.c"), nil, "the JWT cannot be read"},
		{"a number", "", `{"JWT":1}`, nil, "the JWT cannot be read"},
		{"empty", "", fmt.Sprintf(body, ""), nil, none},
		{"none", "", `{"imei":"300000000000001"}`, nil, none},
		{"a list", "", `[` + as(good) + `]`, nil, none},
		{"huge", "", fmt.Sprintf(body, strings.Repeat("e", 17<<10)), nil, none},
		{"a body that cannot be read", "", as(good)[1:], nil, none},
	})
}

// A JWT that names its key is verified by that one, and by its algorithm alone.
func TestJWTKeysByName(t *testing.T) {
	t.Parallel()
	rs := rsaKeys()
	jwk := func(kid string, key *rsa.PrivateKey) string {
		return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":"AQAB"}`, kid,
			base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	}
	v := verifier(t, &signing.Spec{
		Scheme: signing.JWT, Algorithm: "RS256", Header: "X-Jwt", HashClaims: map[string]string{"h": "sha256"},
		Secrets: secrets(`{"keys":[` + jwk("a", rs[0]) + `,` + jwk("b", rs[1]) + `]}`), Encoding: "base64",
	})
	sum := sha256.Sum256([]byte("{}"))
	claims := jwt.MapClaims{"h": base64.StdEncoding.EncodeToString(sum[:])}
	by := func(key *rsa.PrivateKey, header ...string) []string {
		return []string{"X-Jwt", signed(t, jwt.SigningMethodRS256, key, claims, header...)}
	}
	try(t, v, jwtNow, []attempt{
		{"its key", "", "{}", by(rs[0], "kid", "a"), ""},
		{"the other one", "", "{}", by(rs[1], "kid", "b"), ""},
		{"not named", "", "{}", by(rs[1]), ""},
		{"without a time it may come again", "", "{}", by(rs[1]), ""},
		{"the name of the other", "", "{}", by(rs[0], "kid", "b"), wrong},
		{"a name that is not known", "", "{}", by(rs[0], "kid", "c"), wrong},
		{"a key of its own", "", "{}", by(rs[0], "kid", "c", "jwk", "{}"), wrong},
	})
}

func FuzzJWT(f *testing.F) {
	f.Add("eyJhbGciOiJIUzI1NiJ9.e30.AAAA", `{"JWT":"a.b.c","x":1}`)
	f.Add("a.b.c", `[1]`)
	specs := []*signing.Spec{
		{Scheme: signing.JWT, Algorithm: "HS256", Secrets: secrets("s"), Header: "X-Jwt",
			HashClaims: map[string]string{"h": "sha1"}},
		{Scheme: signing.JWT, Algorithm: "HS256", Secrets: secrets("s"), Members: []string{"JWT"}, BodyClaims: true},
	}
	f.Fuzz(func(t *testing.T, token, body string) {
		for _, spec := range specs {
			if _, err := verifier(t, spec).Verify(post(t, body, "X-Jwt", token), bodyOf(body), jwtNow); err == nil {
				t.Errorf("accepted %q", token)
			}
		}
	})
}

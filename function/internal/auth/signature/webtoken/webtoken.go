package webtoken

import (
	"cmp"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/function/internal/auth/jwks"
	"mayfly/transform/message"
)

// leeway is by how much a JWT may be too old or too early by its own claims.
const leeway = 30 * time.Second

// Algorithms are those that rules may name.
func Algorithms() []string {
	return []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// Rules say what a JWT has to be.
type Rules struct {
	Algorithm string // the only one, so that a public key is never taken for a secret
	Claims    map[string]string
	// Hashes are the claims that hold the hash of the body; Decode reads their texts.
	Hashes map[string]func() hash.Hash
	Decode func(string) ([]byte, error)
	// BodyClaims has the claims be the members of the body, beside Members, where the JWT is.
	BodyClaims bool
	Members    []string
	TimeClaim  string        // which has to be there; iat, where it is, if empty
	Window     time.Duration // so long a JWT is not taken again
}

// shared tells whether the algorithm wants shared secrets.
func (r *Rules) shared() bool { return strings.HasPrefix(r.Algorithm, "HS") }

// Keys are what JWTs are verified by: those of the kind that the algorithm wants.
type Keys struct {
	Secrets [][]byte
	Public  []jwks.Key
}

// Body is the body of a request, and what the mapping reads of it.
type Body struct {
	Raw     []byte
	Content func() (any, error)
}

// Verified is what a good JWT says.
type Verified struct {
	Signed []byte    // header and claims
	Time   time.Time // of its claim, where Timed
	Timed  bool
	Once   bool // it expires, and must not be taken twice until then
}

// Refused says why a JWT is not taken.
type Refused string

// Error gives the reason.
func (r Refused) Error() string { return string(r) }

// ErrSignature is a JWT that none of the keys has signed by the algorithm.
const ErrSignature = Refused("the signature is wrong")

// Verify verifies a JWT. Its error is [Refused].
func (r *Rules) Verify(text string, keys Keys, body Body, now time.Time) (Verified, error) {
	claims, err := r.parse(text, keys)
	if err != nil {
		return Verified{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
		if !claimIs(claims[name], r.Claims[name]) {
			return Verified{}, Refused("the JWT's claim " + name + " is not the one that is wanted")
		}
	}
	if err := r.checkBody(body, claims); err != nil {
		return Verified{}, err
	}
	v := Verified{Signed: []byte(text[:strings.LastIndexByte(text, '.')])}
	return v, r.times(&v, claims, now)
}

// parse gives the claims of a JWT that one of the keys has signed.
func (r *Rules) parse(text string, keys Keys) (jwt.MapClaims, error) {
	// What the claims say of the time is looked at here: by this service's clock, and with words of ours.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{r.Algorithm}), jwt.WithoutClaimsValidation(),
		jwt.WithJSONNumber())
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(text, claims, func(token *jwt.Token) (any, error) {
		set := r.keysFor(token, keys)
		if token.Header["crit"] != nil || len(set.Keys) == 0 {
			return nil, errors.New("no key")
		}
		return set, nil
	})
	switch {
	case err == nil:
		return claims, nil
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, Refused("the JWT cannot be read")
	default:
		return nil, ErrSignature
	}
}

// keysFor gives the keys that may have signed a JWT; none where it does not name its key, and there are many.
func (r *Rules) keysFor(token *jwt.Token, keys Keys) jwt.VerificationKeySet {
	var set jwt.VerificationKeySet
	if r.shared() {
		for _, secret := range keys.Secrets {
			set.Keys = append(set.Keys, secret)
		}
		return set
	}
	kid, _ := token.Header["kid"].(string)
	set, _ = jwks.Choose(keys.Public, r.Algorithm, kid)
	return set
}

// checkBody tells whether the claims are about the body that came.
func (r *Rules) checkBody(body Body, claims jwt.MapClaims) error {
	hashed := false
	for _, name := range slices.Sorted(maps.Keys(r.Hashes)) {
		text, has := claims[name].(string)
		if !has {
			continue
		}
		sum := r.Hashes[name]()
		sum.Write(body.Raw)
		if want, err := r.Decode(text); err != nil || !hmac.Equal(want, sum.Sum(nil)) {
			return Refused("the body is not the one that the JWT is for")
		}
		hashed = true
	}
	switch {
	case len(r.Hashes) > 0 && !hashed:
		return Refused("the JWT has no claim with the hash of the body")
	case r.BodyClaims && !r.same(body, claims):
		return Refused("the body's members are not the claims of the JWT")
	}
	return nil
}

// registered are the claims that are about the JWT itself (RFC 7519, section 4.1).
func registered() []string { return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} }

// same tells whether the members of the body are the claims: each one beside the JWT itself, and none that the body
// lacks.
func (r *Rules) same(body Body, claims jwt.MapClaims) bool {
	content, err := body.Content()
	object, ok := content.(map[string]any)
	if !ok || err != nil {
		return false
	}
	for name, value := range object {
		if !slices.Contains(r.Members, name) && !sameValue(value, claims[name]) {
			return false
		}
	}
	for name, value := range claims {
		if _, has := object[name]; !has && !slices.Contains(registered(), name) && !sameValue(nil, value) {
			return false
		}
	}
	return true
}

// sameValue compares a member and a claim: one of them may be a text where the other is a number, and empty where the
// other is missing.
func sameValue(member, value any) bool {
	a, ok := plain(member)
	b, isPlain := plain(value)
	switch {
	case !ok || !isPlain: // lists and objects have to be the same
		a, errA := json.Marshal(member)
		b, errB := json.Marshal(value)
		return errA == nil && errB == nil && string(a) == string(b)
	case a == b:
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y && (isNumber(member) || isNumber(value))
}

func plain(value any) (string, bool) {
	if value == nil {
		return "", true
	}
	return message.ScalarText(value)
}

func isNumber(value any) bool {
	_, isText := value.(string)
	return !isText
}

// claimIs tells whether a claim has a value, or is a list with it.
func claimIs(value any, want string) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, func(one any) bool { return claimIs(one, want) })
	}
	text, ok := message.ScalarText(value)
	return ok && value != nil && text == want
}

// times checks what the claims say of when the JWT is good, and whether it may come again.
func (r *Rules) times(v *Verified, claims jwt.MapClaims, now time.Time) error {
	at := func(name string) (time.Time, bool) {
		text, ok := message.ScalarText(claims[name])
		seconds, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil || !(seconds > 0 && seconds < 1<<40) {
			return time.Time{}, false
		}
		return time.Unix(int64(seconds), 0), true
	}
	expires, expiring := at("exp")
	begins, beginning := at("nbf")
	v.Time, v.Timed = at(cmp.Or(r.TimeClaim, "iat"))
	switch {
	case r.TimeClaim != "" && !v.Timed:
		return Refused("the JWT has no time in its claim " + r.TimeClaim)
	case claims["exp"] != nil && (!expiring || now.After(expires.Add(leeway))):
		return Refused("the JWT has expired")
	case claims["nbf"] != nil && (!beginning || now.Before(begins.Add(-leeway))):
		return Refused("the JWT is not good yet")
	case r.TimeClaim == "" && claims["iat"] != nil && !v.Timed:
		return Refused("the JWT's claim iat is not a time")
	case expiring && !v.Timed && expires.Sub(now)+leeway > r.Window:
		return Refused("the JWT is good for longer than it is remembered: it needs iat")
	}
	v.Once = expiring
	return nil
}

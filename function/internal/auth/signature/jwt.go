package signature

import (
	"cmp"
	"crypto/hmac"
	"encoding/json"
	"errors"
	hashes "hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/function/internal/auth/jwks"
	"mayfly/transform/message"
	"mayfly/transform/signing"
)

// jwtLeeway is by how much a JWT may be too old or too early by its own claims.
const jwtLeeway = 30 * time.Second

// maxJWTKeys bounds the public keys that are tried for a JWT that names none.
const maxJWTKeys = 3

// webToken is a JWT with a claim that holds the body's hash (Disruptive Technologies' X-Dt-Signature), or whose claims
// are the members of the body (RockBLOCK).
type webToken struct {
	place
	parser     *jwt.Parser
	algorithm  string
	secret     bool // the algorithm wants a shared secret
	claims     map[string]string
	hashClaims map[string]func() hashes.Hash
	decode     func(string) ([]byte, error)
	bodyClaims bool
	timeClaim  string
	window     time.Duration // so long it is not taken again
}

// jwtAlgorithms are those that a definition may name. One definition has one, so that a public key is never taken for
// a secret.
var jwtAlgorithms = []string{
	"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA",
}

func newJWT(spec *signing.Spec) (*webToken, error) {
	t := &webToken{
		place: placeOf(spec), algorithm: spec.Algorithm, secret: strings.HasPrefix(spec.Algorithm, "HS"),
		claims: spec.Claims, decode: decodeFuncs[spec.Encoding], bodyClaims: spec.BodyClaims,
		timeClaim: spec.Timestamp, window: windowOf(spec), hashClaims: map[string]func() hashes.Hash{},
		// What the claims say of the time is looked at here: by this service's clock, and with words of ours.
		parser: jwt.NewParser(jwt.WithValidMethods([]string{spec.Algorithm}), jwt.WithoutClaimsValidation(),
			jwt.WithJSONNumber()),
	}
	for name, algorithm := range spec.HashClaims {
		if t.hashClaims[name] = hashFuncs[algorithm]; t.hashClaims[name] == nil || algorithm == "" {
			return nil, errors.New("hashClaims must name sha256, sha512 or sha1 for " + message.Quote(name))
		}
	}
	switch {
	case !slices.Contains(jwtAlgorithms, spec.Algorithm):
		return nil, errors.New("algorithm must be the one that the JWTs are signed by: " +
			strings.Join(jwtAlgorithms, ", "))
	case spec.Header == "" && spec.Query == "" && len(spec.Members) == 0:
		return nil, errors.New("header, query or members must say where the JWT is")
	case len(spec.HashClaims) == 0 && !spec.BodyClaims:
		return nil, errors.New("hashClaims must name the claim with the hash of the body, or bodyClaims be true: " +
			"anybody could change the body otherwise")
	case spec.BodyClaims && len(spec.Members) == 0:
		return nil, errors.New("bodyClaims wants the JWT in a member of the body: members must name it")
	}
	return t, nil
}

// Covers tells of nothing: the claims are about the body.
func (t *webToken) Covers(Part, string) bool { return false }

func (t *webToken) verify(q *asked) (claim, error) {
	texts := t.texts(q)
	if len(texts) == 0 || slices.ContainsFunc(texts, func(text string) bool { return text != texts[0] }) {
		return claim{}, errNone
	}
	text := texts[0]
	claims, err := t.parse(text, q.keys)
	if err != nil {
		return claim{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(t.claims)) {
		if !claimIs(claims[name], t.claims[name]) {
			return claim{}, Error("the JWT's claim " + name + " is not the one that is wanted")
		}
	}
	if err := t.checkBody(q, claims); err != nil {
		return claim{}, err
	}
	c := claim{signed: []byte(text[:strings.LastIndexByte(text, '.')])}
	return c, t.times(&c, claims, q.now)
}

// parse gives the claims of a JWT that one of the keys has signed.
func (t *webToken) parse(text string, keys []key) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	_, err := t.parser.ParseWithClaims(text, claims, func(token *jwt.Token) (any, error) {
		var set jwt.VerificationKeySet
		kid, _ := token.Header["kid"].(string)
		for _, k := range keys {
			if t.secret {
				set.Keys = append(set.Keys, k.secret)
				continue
			}
			for _, public := range k.public {
				if (public.ID == "" || kid == "" || public.ID == kid) &&
					(public.Alg == "" || public.Alg == t.algorithm) && jwks.Fits(t.algorithm, public.Key) {
					set.Keys = append(set.Keys, public.Key)
				}
			}
		}
		if token.Header["crit"] != nil || len(set.Keys) == 0 || !t.secret && kid == "" && len(set.Keys) > maxJWTKeys {
			return nil, errors.New("no key")
		}
		return set, nil
	})
	switch {
	case err == nil:
		return claims, nil
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, Error("the JWT cannot be read")
	default:
		return nil, errWrong
	}
}

// checkBody tells whether the claims are about the body that came.
func (t *webToken) checkBody(q *asked, claims jwt.MapClaims) error {
	hashed := false
	for _, name := range slices.Sorted(maps.Keys(t.hashClaims)) {
		text, has := claims[name].(string)
		if !has {
			continue
		}
		sum := t.hashClaims[name]()
		sum.Write(q.body.Raw)
		if want, err := t.decode(text); err != nil || !hmac.Equal(want, sum.Sum(nil)) {
			return Error("the body is not the one that the JWT is for")
		}
		hashed = true
	}
	switch {
	case len(t.hashClaims) > 0 && !hashed:
		return Error("the JWT has no claim with the hash of the body")
	case t.bodyClaims && !t.same(q, claims):
		return Error("the body's members are not the claims of the JWT")
	}
	return nil
}

// registered are the claims that are about the JWT itself (RFC 7519, section 4.1).
var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// same tells whether the members of the body are the claims: each one beside the JWT itself, and none that the body
// lacks.
func (t *webToken) same(q *asked, claims jwt.MapClaims) bool {
	content, _ := q.contents() // it was read
	object, ok := content.(map[string]any)
	if !ok {
		return false
	}
	for name, value := range object {
		if !slices.Contains(t.members, name) && !sameValue(value, claims[name]) {
			return false
		}
	}
	for name, value := range claims {
		if _, has := object[name]; !has && !slices.Contains(registered, name) && !sameValue(nil, value) {
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
func (t *webToken) times(c *claim, claims jwt.MapClaims, now time.Time) error {
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
	c.time, c.timed = at(cmp.Or(t.timeClaim, "iat"))
	switch {
	case t.timeClaim != "" && !c.timed:
		return Error("the JWT has no time in its claim " + t.timeClaim)
	case claims["exp"] != nil && (!expiring || now.After(expires.Add(jwtLeeway))):
		return Error("the JWT has expired")
	case claims["nbf"] != nil && (!beginning || now.Before(begins.Add(-jwtLeeway))):
		return Error("the JWT is not good yet")
	case t.timeClaim == "" && claims["iat"] != nil && !c.timed:
		return Error("the JWT's claim iat is not a time")
	case expiring && !c.timed && expires.Sub(now)+jwtLeeway > t.window:
		return Error("the JWT is good for longer than it is remembered: it needs iat")
	}
	c.once = expiring
	return nil
}

// publicKeys reads the public keys that a secret of a JWT stands for.
func publicKeys(spec *signing.Spec, text string) ([]jwks.Key, error) {
	keys, err := jwks.Parse(text)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if jwks.Fits(spec.Algorithm, k.Key) {
			return keys, nil
		}
	}
	return nil, errors.New("has no key that algorithm " + spec.Algorithm + " wants")
}

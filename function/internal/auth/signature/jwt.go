package signature

import (
	"errors"
	"hash"
	"slices"
	"strings"

	"mayfly/function/internal/auth/jwks"
	"mayfly/function/internal/auth/signature/webtoken"
	"mayfly/transform/message"
	"mayfly/transform/signing"
)

// webToken is a JWT in a header, the query or the body.
type webToken struct {
	place
	rules webtoken.Rules
}

func newJWT(spec *signing.Spec) (*webToken, error) {
	t := &webToken{placeOf(spec), webtoken.Rules{
		Algorithm: spec.Algorithm, Claims: spec.Claims, Hashes: map[string]func() hash.Hash{},
		Decode: decodeFuncs[spec.Encoding], BodyClaims: spec.BodyClaims, Members: spec.Members,
		TimeClaim: spec.Timestamp, Window: windowOf(spec),
	}}
	for name, algorithm := range spec.HashClaims {
		if t.rules.Hashes[name] = hashFuncs[algorithm]; t.rules.Hashes[name] == nil || algorithm == "" {
			return nil, errors.New("hashClaims must name sha256, sha512 or sha1 for " + message.Quote(name))
		}
	}
	switch {
	case !slices.Contains(webtoken.Algorithms(), spec.Algorithm):
		return nil, errors.New("algorithm must be the one that the JWTs are signed by: " +
			strings.Join(webtoken.Algorithms(), ", "))
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
	var keys webtoken.Keys
	for _, k := range q.keys {
		keys.Secrets, keys.Public = append(keys.Secrets, k.secret), append(keys.Public, k.public...)
	}
	v, err := t.rules.Verify(texts[0], keys, webtoken.Body{Raw: q.body.Raw, Content: q.contents}, q.now)
	switch refused, ok := errors.AsType[webtoken.Refused](err); {
	case ok && refused == webtoken.ErrSignature:
		return claim{}, errWrong
	case ok:
		return claim{}, Error(refused.Error())
	}
	return claim{signed: v.Signed, time: v.Time, timed: v.Timed, once: v.Once}, err
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

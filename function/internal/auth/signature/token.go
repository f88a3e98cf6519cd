package signature

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"

	"mayfly/transform/signing"
)

// token is a secret that the sender shows as it is: ThingSpeak's api_key, iSpindel's token, WOW's
// siteAuthenticationKey. Whoever has it may write everything else in the request.
type token struct{ place }

func newToken(spec *signing.Spec) (*token, error) {
	if spec.Header == "" && spec.Query == "" && len(spec.Members) == 0 {
		return nil, errors.New("header, query or members must say where the token is")
	}
	return &token{placeOf(spec)}, nil
}

func (t *token) verify(q *asked) (claim, error) {
	texts := t.texts(q)
	if len(texts) == 0 {
		return claim{}, errNone
	}
	for _, text := range texts {
		if !known(text, q.keys) {
			return claim{}, errWrong
		}
	}
	return claim{}, nil
}

// known tells whether a text is one of the secrets. How long that takes depends neither on where they differ nor on
// which one it is.
func known(text string, keys []key) bool {
	sum, found := sha256.Sum256([]byte(text)), 0
	for _, k := range keys {
		want := sha256.Sum256(k.secret)
		found |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	return found == 1
}

// Covers tells of all but the token itself, which no mapping sees.
func (t *token) Covers(p Part, name string) bool { return name == "" || !t.has(p, name) }

// basic is a user and a password that are good for this source alone.
type basic struct{ place }

func newBasic() *basic { return &basic{place{header: "Authorization"}} }

func (b *basic) Shown(r *http.Request) bool {
	_, _, ok := r.BasicAuth()
	return ok
}

func (b *basic) verify(q *asked) (claim, error) {
	user, password, ok := q.BasicAuth()
	switch {
	case !ok || len(q.Header.Values("Authorization")) > 1:
		return claim{}, errNone
	case !known(user+":"+password, q.keys):
		return claim{}, Error("the user or the password is wrong")
	}
	return claim{}, nil
}

// Covers tells of all but the user and the password.
func (b *basic) Covers(p Part, name string) bool { return name == "" || !b.has(p, name) }

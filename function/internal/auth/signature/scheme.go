package signature

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"mayfly/transform/message"
	"mayfly/transform/signing"
)

// newScheme makes what a definition describes.
func newScheme(spec *signing.Spec) (scheme, error) {
	switch spec.Scheme {
	case signing.Soracom:
		return soracomBeam{}, nil
	case signing.Actility:
		return actilityToken{}, nil
	case signing.Token:
		return newToken(spec)
	case signing.Basic:
		return newBasic(), nil
	case signing.JWT:
		return newJWT(spec)
	case signing.Certificate:
		return newPublished(spec)
	case "", signing.HMAC, signing.Hash:
		return newHMAC(spec)
	}
	return nil, errors.New("scheme must be one of " + strings.Join(schemeNames, ", ") + ", not " +
		message.Quote(string(spec.Scheme)))
}

var schemeNames = []string{
	string(signing.HMAC), string(signing.Hash), string(signing.Token), string(signing.Basic), string(signing.JWT),
	string(signing.Certificate),
	string(signing.Soracom), string(signing.Actility),
}

// timed tells whether a signature has a time in it. Such a one is taken once.
func timed(s *signing.Spec) bool {
	return s.Timestamp != "" || s.Scheme == signing.Soracom || s.Scheme == signing.Actility
}

// ParseSecret tells what is wrong with the text of a secret, without showing it.
func ParseSecret(s *signing.Spec, text string) error {
	_, err := parseKey(s, text)
	return err
}

// parseKey makes the key that a secret is.
func parseKey(s *signing.Spec, text string) (k key, err error) {
	if s.Scheme == signing.JWT && !strings.HasPrefix(s.Algorithm, "HS") {
		k.public, err = publicKeys(s, text)
		return k, err
	}
	switch s.SecretEncoding {
	case "base64":
		text, _ := strings.CutPrefix(text, "whsec_") // as Standard Webhooks writes it
		k.secret, err = base64.StdEncoding.DecodeString(text)
	case "hex":
		k.secret, err = hex.DecodeString(text)
	default:
		k.secret = []byte(text)
	}
	switch {
	case err != nil || len(k.secret) == 0:
		return key{}, errors.New("is not a secret in the encoding that secretEncoding names")
	case strings.HasPrefix(text, "-----BEGIN"): // everybody has the public one
		return key{}, errors.New("is a key or certificate in PEM, and a shared secret is wanted")
	case s.Scheme == signing.Basic && (strings.HasPrefix(text, ":") || !strings.Contains(text, ":")):
		return key{}, errors.New("is not a user and a password, with a colon between them")
	}
	return k, nil
}

// Covers tells whether such a signature covers a part of the request beside the body,
// or the whole of that part where the name is empty. One that is not valid covers all.
func Covers(s *signing.Spec, p Part, name string) bool {
	made, err := newScheme(s)
	return err != nil || made.Covers(p, name)
}

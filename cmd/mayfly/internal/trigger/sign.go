package trigger

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders know no other
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"mayfly/internal/secret"
	"mayfly/transform/signing"
)

// signer proves requests as the sender would.
type signer struct {
	spec   *signing.Spec
	secret string
}

// newSigner loads the first secret of a source. It is nil, with the reason, where requests go out unsigned.
func newSigner(ctx context.Context, spec *signing.Spec, l *secret.Loader) (s *signer, why string) {
	switch {
	case spec == nil:
		return nil, ""
	case len(spec.Secrets) == 0:
		return nil, "the source has no secret to sign with"
	case spec.Scheme == signing.Certificate || spec.Scheme == signing.Actility,
		spec.Scheme == signing.JWT && (!strings.HasPrefix(spec.Algorithm, "HS") || spec.BodyClaims):
		return nil, "the scheme " + string(spec.Scheme) + " is signed by what only the sender has"
	}
	ref, err := secret.Parse(spec.Secrets[0].Reveal())
	if err == nil {
		var text string
		if text, err = l.Load(ctx, ref); err == nil {
			return &signer{spec, text}, ""
		}
	}
	return nil, err.Error()
}

// key decodes the secret.
func (s *signer) key() ([]byte, error) {
	switch s.spec.SecretEncoding {
	case "base64":
		text, _ := strings.CutPrefix(s.secret, "whsec_")
		return base64.StdEncoding.DecodeString(text)
	case "hex":
		return hex.DecodeString(s.secret)
	}
	return []byte(s.secret), nil
}

// sign adds the proof to a request.
func (s *signer) sign(r *http.Request, body []byte, now time.Time) error {
	key, err := s.key()
	if err != nil {
		return errors.New("the secret is not in the encoding that secretEncoding names")
	}
	switch s.spec.Scheme {
	case signing.Token:
		return s.put(r, s.spec.Prefix+s.secret)
	case signing.Basic:
		user, password, _ := strings.Cut(s.secret, ":")
		r.SetBasicAuth(user, password)
		return nil
	case signing.JWT:
		return s.token(r, body, key, now)
	case signing.Soracom:
		return soracom(r, s.secret, now)
	case signing.HMAC, signing.Hash, signing.Certificate, signing.Actility: // below
	}
	stamp := fmt.Sprint(now.Unix())
	field, inField := strings.CutPrefix(s.spec.Timestamp, "field:")
	_, inMember := strings.CutPrefix(s.spec.Timestamp, "member:")
	if s.spec.Timestamp != "" && !inField && !inMember {
		r.Header.Set(s.spec.Timestamp, stamp)
	}
	signed, err := s.signed(r, body, stamp)
	if err != nil {
		return err
	}
	code := s.code(key, signed)
	if s.spec.Field != "" {
		code = s.spec.Field + "=" + s.spec.Prefix + code
		if inField {
			code = field + "=" + stamp + "," + code
		}
		return s.put(r, code)
	}
	return s.put(r, s.spec.Prefix+code)
}

func newHash(algorithm string) func() hash.Hash {
	switch algorithm {
	case "sha512":
		return sha512.New
	case "sha1":
		return sha1.New
	}
	return sha256.New
}

// code is the HMAC or the hash of what is signed.
func (s *signer) code(key, signed []byte) string {
	var sum []byte
	if s.spec.Scheme == signing.Hash {
		h := newHash(s.spec.Algorithm)()
		h.Write(signed)
		sum = h.Sum(nil)
	} else {
		h := hmac.New(newHash(s.spec.Algorithm), key)
		h.Write(signed)
		sum = h.Sum(nil)
	}
	return s.encode(sum)
}

func (s *signer) encode(sum []byte) string {
	switch s.spec.Encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(sum)
	}
	return hex.EncodeToString(sum)
}

// signed writes what the code is over.
func (s *signer) signed(r *http.Request, body []byte, stamp string) ([]byte, error) {
	text := s.spec.Signed
	if text == "" {
		text = "{body}"
		if s.spec.Scheme == signing.Hash {
			text = "{body}{secret}"
		}
	}
	var out strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			return []byte(out.String()), nil
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		switch header, isHeader := strings.CutPrefix(name, "header:"); {
		case isHeader:
			out.WriteString(r.Header.Get(header))
		case name == "body":
			out.Write(body)
		case name == "timestamp":
			out.WriteString(stamp)
		case name == "method":
			out.WriteString(r.Method)
		case name == "path":
			out.WriteString(r.URL.EscapedPath())
		case name == "query":
			out.WriteString(r.URL.RawQuery)
		case name == "secret":
			out.WriteString(s.secret)
		default:
			return nil, fmt.Errorf("a signature over %s is not made here", name)
		}
	}
}

// put writes the proof where the source looks for it.
func (s *signer) put(r *http.Request, text string) error {
	switch {
	case s.spec.Header != "":
		r.Header.Set(s.spec.Header, text)
	case s.spec.Query != "":
		query := r.URL.Query()
		query.Set(s.spec.Query, text)
		r.URL.RawQuery = query.Encode()
	default:
		return errors.New("a proof in a member of the body is not made here: give it with --set")
	}
	return nil
}

// token makes a JWT that holds the hash of the body.
func (s *signer) token(r *http.Request, body, key []byte, now time.Time) error {
	claims := jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range s.spec.Claims {
		claims[name] = value
	}
	for name, algorithm := range s.spec.HashClaims {
		h := newHash(algorithm)()
		h.Write(body)
		claims[name] = s.encode(h.Sum(nil))
	}
	text, err := jwt.NewWithClaims(jwt.GetSigningMethod(s.spec.Algorithm), claims).SignedString(key)
	if err != nil {
		return err
	}
	return s.put(r, s.spec.Prefix+text)
}

// soracom signs as Soracom Beam does: over the secret and its own headers, sorted.
func soracom(r *http.Request, key string, now time.Time) error {
	r.Header.Set("X-Soracom-Timestamp", fmt.Sprint(now.UnixMilli()))
	var pairs []string
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-soracom-") && !strings.HasPrefix(lower, "x-soracom-signature") {
			pairs = append(pairs, lower+"="+r.Header.Get(name))
		}
	}
	slices.Sort(pairs)
	sum := sha256.Sum256([]byte(key + strings.Join(pairs, "")))
	r.Header.Set("X-Soracom-Signature", hex.EncodeToString(sum[:]))
	r.Header.Set("X-Soracom-Signature-Version", "20151001")
	return nil
}

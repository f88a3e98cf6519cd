package signature

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders know no other; an HMAC does not need what SHA-1 has lost
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	hashes "hash"
	"strings"

	"mayfly/function/internal/httpquery"
	"mayfly/transform/signing"
)

// genericHMAC is a code over parts of the request, as most webhooks have it: an HMAC, or a hash in which the secret is
// one of the parts.
type genericHMAC struct {
	place
	hash   func() hashes.Hash
	plain  bool // a hash
	decode func(string) ([]byte, error)
	field  string
	signed template
	time   moment
}

var hashFuncs = map[string]func() hashes.Hash{
	"": sha256.New, "sha256": sha256.New, "sha512": sha512.New, "sha1": sha1.New,
}

var decodeFuncs = map[string]func(string) ([]byte, error){
	"": hex.DecodeString, "hex": hex.DecodeString,
	"base64": base64.StdEncoding.DecodeString, "base64url": decodeURL,
}

func newHMAC(spec *signing.Spec) (*genericHMAC, error) {
	h := &genericHMAC{
		place: placeOf(spec), plain: spec.Scheme == signing.Hash,
		hash: hashFuncs[spec.Algorithm], decode: decodeFuncs[spec.Encoding], field: spec.Field,
	}
	standard := "{body}"
	if h.plain {
		standard = "{body}{secret}"
	}
	var err error
	if h.signed, h.time, err = signedBy(spec, standard); err != nil {
		return nil, err
	}
	secrets, places := h.signed.count("secret"), 0
	for _, here := range []bool{spec.Header != "", spec.Query != "", len(spec.Members) > 0} {
		if here {
			places++
		}
	}
	switch {
	case h.hash == nil:
		return nil, errors.New("algorithm must be sha256, sha512 or sha1")
	case h.decode == nil:
		return nil, errors.New("encoding must be hex, base64 or base64url")
	case places != 1:
		return nil, errors.New("one of header, query and members must say where the signature is")
	case h.plain && spec.Algorithm == "sha1":
		return nil, errors.New("algorithm must be sha256 or sha512: sha1 is good in an HMAC alone")
	case h.plain && secrets != 1:
		return nil, errors.New("signed must have the {secret} once, as in {body}{secret}")
	case h.plain && !h.signed.endsWithSecret():
		return nil, errors.New("signed must end with {secret}: what stands behind it could be made longer by anybody")
	case !h.plain && secrets > 0:
		return nil, errors.New("signed has a {secret}, which is what the scheme hash has")
	}
	return h, nil
}

func decodeURL(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

func (h *genericHMAC) Covers(p Part, name string) bool {
	return h.signed.covers(p, name, h.time.header)
}

func (h *genericHMAC) verify(q *asked) (claim, error) { return verifyCode(q, h) }

func (h *genericHMAC) claim(q *asked) (claim, bool) {
	text := q.Header.Get(h.header)
	switch {
	case h.query != "":
		text = httpquery.Values(q.Request).Get(h.query)
	case len(h.members) > 0:
		texts := h.texts(q)
		if len(texts) != 1 {
			return claim{}, false
		}
		text = h.prefix + texts[0]
	}
	if text == "" || len(text) > 4096 {
		return claim{}, false
	}
	c := claim{timed: h.time.known()}
	fieldTime := ""
	// One code; or t=1,v1=CODE,v1=CODE; or PREFIXCODE PREFIXCODE.
	separator := " "
	if h.field != "" {
		separator = ","
	}
	for item := range strings.SplitSeq(text, separator) {
		item = strings.TrimSpace(item)
		if h.field != "" {
			name, value, _ := strings.Cut(item, "=")
			if name == h.time.field && h.time.field != "" {
				fieldTime = value
			}
			if name != h.field {
				continue
			}
			item = value
		}
		code, hasPrefix := strings.CutPrefix(item, h.prefix)
		if raw, err := h.decode(code); hasPrefix && err == nil && len(raw) > 0 && len(c.codes) < maxCodes {
			c.codes = append(c.codes, raw)
		}
	}
	stamp := h.time.text(q, fieldTime)
	if c.timed {
		c.time = signedTime(stamp)
	}
	var ok bool
	c.signed, ok = h.signed.text(q, stamp)
	return c, ok
}

func (h *genericHMAC) code(key []byte, c *claim) []byte {
	if h.plain {
		sum := h.hash()
		sum.Write(c.signed)
		sum.Write(key) // it is the last part
		return sum.Sum(nil)
	}
	mac := hmac.New(h.hash, key)
	mac.Write(c.signed)
	return mac.Sum(nil)
}

// equal compares codes; how long it takes does not depend on where they differ.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

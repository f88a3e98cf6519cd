package signature

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders know no other; an HMAC does not need what SHA-1 has lost
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	hashes "hash"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"mayfly/function/internal/httpquery"
	"mayfly/transform/message"
)

// newScheme makes what a definition describes.
func newScheme(sig *Spec) (scheme, error) {
	switch sig.Scheme {
	case "soracom":
		return soracomBeam{}, nil
	case "actility":
		return actilityToken{}, nil
	case "", "hmac":
		return newHMAC(sig)
	}
	return nil, errors.New("scheme must be hmac, soracom or actility, not " + message.Quote(sig.Scheme))
}

// genericHMAC is a code over parts of the request, as most webhooks have it.
type genericHMAC struct {
	hash          func() hashes.Hash
	decode        func(string) ([]byte, error)
	header, query string
	field, prefix string
	parts         []string // text, name, text, name, ..., text
	timeHeader    string
	timeField     string
}

var hashFuncs = map[string]func() hashes.Hash{
	"": sha256.New, "sha256": sha256.New, "sha512": sha512.New, "sha1": sha1.New,
}

var decodeFuncs = map[string]func(string) ([]byte, error){
	"": hex.DecodeString, "hex": hex.DecodeString,
	"base64": base64.StdEncoding.DecodeString, "base64url": decodeURL,
}

func newHMAC(spec *Spec) (*genericHMAC, error) {
	h := &genericHMAC{
		hash: hashFuncs[spec.Algorithm], decode: decodeFuncs[spec.Encoding],
		header: textproto.CanonicalMIMEHeaderKey(spec.Header), query: spec.Query,
		field: spec.Field, prefix: spec.Prefix,
	}
	if field, ok := strings.CutPrefix(spec.Timestamp, "field:"); ok {
		h.timeField = field
	} else {
		h.timeHeader = textproto.CanonicalMIMEHeaderKey(spec.Timestamp)
	}
	signed := cmp.Or(spec.Signed, "{body}")
	var err error
	if h.parts, err = partsOf(signed); err != nil {
		return nil, err
	}
	hasTime := spec.Timestamp != ""
	signsTime := strings.Contains(signed, "{timestamp}") || strings.Contains(signed, "{header:"+spec.Timestamp+"}")
	switch {
	case h.hash == nil:
		return nil, errors.New("algorithm must be sha256, sha512 or sha1")
	case h.decode == nil:
		return nil, errors.New("encoding must be hex, base64 or base64url")
	case (spec.Header == "") == (spec.Query == ""):
		return nil, errors.New("either header or query must say where the signature is")
	case !strings.Contains(signed, "{body}"):
		return nil, errors.New("signed leaves the {body} out, which anybody could change then")
	case hasTime && !signsTime:
		return nil, errors.New("signed leaves the {timestamp} out, which anybody could change then")
	case !hasTime && strings.Contains(signed, "{timestamp}"):
		return nil, errors.New("signed has a {timestamp}: timestamp must say where it is")
	}
	return h, nil
}

// partsOf cuts what is signed into its texts and names in turn.
func partsOf(signed string) ([]string, error) {
	var parts []string
	for rest := signed; ; {
		before, after, found := strings.Cut(rest, "{")
		parts = append(parts, before)
		if !found {
			return parts, nil
		}
		name, tail, _ := strings.Cut(after, "}")
		if header, ok := strings.CutPrefix(name, "header:"); ok {
			name = "header:" + textproto.CanonicalMIMEHeaderKey(header)
		} else if !slices.Contains([]string{"body", "timestamp", "method", "path", "query"}, name) {
			return nil, errors.New("signed knows {body}, {timestamp}, {method}, {path}, {query} and {header:NAME}, " +
				"not {" + name + "}")
		}
		parts, rest = append(parts, name), tail
	}
}

func decodeURL(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

func (h *genericHMAC) Shown(r *http.Request) bool {
	if h.query != "" {
		return httpquery.Values(r).Get(h.query) != ""
	}
	return r.Header.Get(h.header) != ""
}

func (h *genericHMAC) Covers(p Part, name string) bool {
	if p != PartHeaders {
		return slices.Contains(h.names(), string(p))
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	return name != "" && (slices.Contains(h.names(), "header:"+name) ||
		name == h.timeHeader && slices.Contains(h.names(), "timestamp"))
}

// names are the names among the parts.
func (h *genericHMAC) names() []string {
	var names []string
	for i := 1; i < len(h.parts); i += 2 {
		names = append(names, h.parts[i])
	}
	return names
}

func (h *genericHMAC) claim(r *http.Request, body []byte) (claim, bool) {
	text := r.Header.Get(h.header)
	if h.query != "" {
		text = httpquery.Values(r).Get(h.query)
	}
	if text == "" || len(text) > 4096 {
		return claim{}, false
	}
	c := claim{timed: h.timeHeader != "" || h.timeField != ""}
	stamp := r.Header.Get(h.timeHeader)
	// One code; or t=1,v1=CODE,v1=CODE; or PREFIXCODE PREFIXCODE.
	separator := " "
	if h.field != "" {
		separator = ","
	}
	for item := range strings.SplitSeq(text, separator) {
		item = strings.TrimSpace(item)
		if h.field != "" {
			name, value, _ := strings.Cut(item, "=")
			if name == h.timeField && h.timeField != "" {
				stamp = value
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
	if c.timed {
		c.time = signedTime(stamp)
	}
	c.signed = h.signedText(r, body, stamp)
	return c, true
}

func (h *genericHMAC) signedText(r *http.Request, body []byte, stamp string) []byte {
	if len(h.parts) == 3 && h.parts[0] == "" && h.parts[1] == "body" && h.parts[2] == "" {
		return body
	}
	var b bytes.Buffer
	b.Grow(len(body) + 256)
	for i, part := range h.parts {
		if i%2 == 0 {
			b.WriteString(part)
			continue
		}
		switch part {
		case "body":
			b.Write(body)
		case "timestamp":
			b.WriteString(stamp)
		case "method":
			b.WriteString(r.Method)
		case "path":
			b.WriteString(r.URL.EscapedPath())
		case "query":
			b.WriteString(r.URL.RawQuery)
		default:
			b.WriteString(r.Header.Get(strings.TrimPrefix(part, "header:")))
		}
	}
	return b.Bytes()
}

func (h *genericHMAC) code(key, signed []byte) []byte {
	mac := hmac.New(h.hash, key)
	mac.Write(signed)
	return mac.Sum(nil)
}

// equal compares codes; how long it takes does not depend on where they differ.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

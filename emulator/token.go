package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	tokenScheme   = "SharedAccessSignature"
	maxTokenBytes = 4096
)

// TokenError says what is wrong with the text of a SAS token.
type TokenError struct{ Field, Reason string }

func (e *TokenError) Error() string { return "emulator: SAS token: " + e.Field + " " + e.Reason }

// sasToken is a parsed token. The raw texts are kept, because the signature is over them: Node signs an sr that is
// not percent-encoded, the documents sign one that is, and Azure takes both (azure-docs
// iot-dps-https-sym-key-support.md; azure-iot-sdk-node security/symmetric/src/symmetric_key.ts).
type sasToken struct {
	rawSR, rawSE string
	resource     string // sr, percent-decoded
	sig          []byte
	expiry       time.Time
	keyName      string // skn
	extra        bool   // has a field that no document names
}

// parseToken reads an Authorization header. Fields may stand in any order, each once.
func parseToken(header string) (sasToken, error) {
	var t sasToken
	if len(header) > maxTokenBytes {
		return t, &TokenError{"length", "is over " + strconv.Itoa(maxTokenBytes) + " bytes"}
	}
	scheme, rest, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, tokenScheme) {
		return t, &TokenError{"scheme", "is not " + tokenScheme}
	}
	seen := make([]string, 0, 8)
	for field := range strings.SplitSeq(strings.TrimSpace(rest), "&") {
		name, value, ok := strings.Cut(field, "=")
		name = strings.ToLower(name)
		if !ok {
			return t, &TokenError{name, "has no value"}
		}
		if slices.Contains(seen, name) {
			return t, &TokenError{name, "is given twice"}
		}
		if len(seen) == 8 {
			return t, &TokenError{"fields", "are too many"}
		}
		seen = append(seen, name)
		if err := t.set(name, value); err != nil {
			return t, err
		}
	}
	for _, name := range []string{"sr", "sig", "se"} {
		if !slices.Contains(seen, name) {
			return t, &TokenError{name, "is missing"}
		}
	}
	return t, nil
}

func (t *sasToken) set(name, value string) error {
	// PathUnescape and not QueryUnescape: a plus sign of an unencoded base64 signature must stay one.
	decoded, err := url.PathUnescape(value)
	if err != nil {
		return &TokenError{name, "is wrongly percent-encoded"}
	}
	switch name {
	case "sr":
		t.rawSR, t.resource = value, decoded
	case "sig":
		if t.sig, err = base64.StdEncoding.Strict().DecodeString(decoded); err != nil { // one text a signature
			return &TokenError{name, "is not base64"}
		}
	case "se":
		s, err := strconv.ParseInt(value, 10, 64)
		if err != nil || s < 0 || s > 1<<40 {
			return &TokenError{name, "is not a time in seconds"}
		}
		t.rawSE, t.expiry = value, time.Unix(s, 0)
	case "skn":
		t.keyName = decoded
	default:
		t.extra = true
	}
	return nil
}

// signedBy tells whether key made the signature over the raw texts.
func (t *sasToken) signedBy(key []byte) bool {
	return len(key) > 0 && hmac.Equal(t.sig, sign(key, t.rawSR, t.rawSE))
}

func sign(key []byte, sr, se string) []byte {
	m := hmac.New(sha256.New, key)
	b := make([]byte, 0, 192)
	b = append(append(append(b, sr...), '\n'), se...)
	m.Write(b)
	return m.Sum(b[:0])
}

// covers tells whether a resource is a segment-wise prefix of path (azure-docs iot-hub-dev-guide-sas.md).
func covers(resource, path string) bool {
	resource = strings.TrimSuffix(resource, "/")
	if len(resource) > len(path) || !strings.EqualFold(resource, path[:len(resource)]) {
		return false
	}
	return len(resource) == len(path) || path[len(resource)] == '/'
}

// deriveKey is a device's key under a group's (azure-docs iot-dps concepts-symmetric-key-attestation.md).
func deriveKey(group []byte, id string) []byte {
	m := hmac.New(sha256.New, group)
	m.Write([]byte(id))
	return m.Sum(nil)
}

func mintToken(key []byte, resource, keyName string, expiry time.Time) string {
	sr, se := url.QueryEscape(resource), strconv.FormatInt(expiry.Unix(), 10)
	sig := url.QueryEscape(base64.StdEncoding.EncodeToString(sign(key, sr, se)))
	token := fmt.Sprintf("%s sr=%s&sig=%s&se=%s", tokenScheme, sr, sig, se)
	if keyName != "" {
		token += "&skn=" + keyName
	}
	return token
}

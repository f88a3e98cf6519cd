package wire

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
	tokenScheme    = "SharedAccessSignature"
	maxTokenBytes  = 4096
	maxTokenFields = 8
)

// TokenError says what is wrong with the text of a SAS token.
type TokenError struct{ Field, Reason string }

func (e *TokenError) Error() string { return "emulator: SAS token: " + e.Field + " " + e.Reason }

// Token is a parsed SAS token. The raw texts are kept because the signature covers them: the Node SDK signs an sr that
// is not percent-encoded, the documents sign one that is, and Azure accepts both (azure-docs
// iot-dps-https-sym-key-support.md; azure-iot-sdk-node security/symmetric/src/symmetric_key.ts).
type Token struct {
	Resource string // sr, percent-decoded
	Expiry   time.Time
	KeyName  string // skn
	Extra    bool   // has a field that is not documented

	rawSR, rawSE string
	signature    []byte
}

// ParseToken reads an Authorization header. Fields may come in any order, each at most once.
func ParseToken(header string) (Token, error) {
	var t Token
	if len(header) > maxTokenBytes {
		return t, &TokenError{"length", "is over " + strconv.Itoa(maxTokenBytes) + " bytes"}
	}
	scheme, rest, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, tokenScheme) {
		return t, &TokenError{"scheme", "is not " + tokenScheme}
	}
	seen := make([]string, 0, maxTokenFields)
	for field := range strings.SplitSeq(strings.TrimSpace(rest), "&") {
		name, value, ok := strings.Cut(field, "=")
		name = strings.ToLower(name)
		if !ok {
			return t, &TokenError{name, "has no value"}
		}
		if slices.Contains(seen, name) {
			return t, &TokenError{name, "is given twice"}
		}
		if len(seen) == maxTokenFields {
			return t, &TokenError{"fields", "are more than " + strconv.Itoa(maxTokenFields)}
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

func (t *Token) set(name, value string) error {
	// PathUnescape, not QueryUnescape: a plus sign in an unencoded base64 signature is not a space.
	decoded, err := url.PathUnescape(value)
	if err != nil {
		return &TokenError{name, "is not percent-encoded correctly"}
	}
	switch name {
	case "sr":
		t.rawSR, t.Resource = value, decoded
	case "sig":
		// Strict, so that a signature has one text only.
		if t.signature, err = base64.StdEncoding.Strict().DecodeString(decoded); err != nil {
			return &TokenError{name, "is not base64"}
		}
	case "se":
		s, err := strconv.ParseInt(value, 10, 64)
		if err != nil || s < 0 || s > 1<<40 {
			return &TokenError{name, "is not a time in seconds"}
		}
		t.rawSE, t.Expiry = value, time.Unix(s, 0)
	case "skn":
		t.KeyName = decoded
	default:
		t.Extra = true
	}
	return nil
}

// SignedBy returns which of a device's two keys signed the token: 1, 2, or 0 for neither.
func (t *Token) SignedBy(keys [2][]byte) int {
	for i, key := range keys {
		if len(key) > 0 && hmac.Equal(t.signature, Sign(key, t.rawSR, t.rawSE)) {
			return i + 1
		}
	}
	return 0
}

// Sign returns the signature of a resource and its expiry.
func Sign(key []byte, resource, expiry string) []byte {
	m := hmac.New(sha256.New, key)
	b := make([]byte, 0, 192)
	b = append(append(append(b, resource...), '\n'), expiry...)
	m.Write(b)
	return m.Sum(b[:0])
}

// Covers reports whether a resource is a prefix of path, segment by segment (azure-docs iot-hub-dev-guide-sas.md).
func Covers(resource, path string) bool {
	resource = strings.TrimSuffix(resource, "/")
	if len(resource) > len(path) || !strings.EqualFold(resource, path[:len(resource)]) {
		return false
	}
	return len(resource) == len(path) || path[len(resource)] == '/'
}

// DeriveKey returns a device's key under a group's (azure-docs iot-dps concepts-symmetric-key-attestation.md).
func DeriveKey(group []byte, id string) []byte {
	m := hmac.New(sha256.New, group)
	m.Write([]byte(id))
	return m.Sum(nil)
}

// DeriveKeys derives a device's key under each of a group's two keys.
func DeriveKeys(group [2][]byte, id string) (keys [2][]byte) {
	for i, g := range group {
		if len(g) > 0 {
			keys[i] = DeriveKey(g, id)
		}
	}
	return keys
}

// DecodeKey decodes a symmetric key and checks it: 16 to 64 bytes in base64 (azure-docs iot-dps
// concepts-symmetric-key-attestation.md).
func DecodeKey(key string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return nil, fmt.Errorf("not base64: %w", err)
	}
	if len(raw) < 16 || len(raw) > 64 {
		return nil, fmt.Errorf("%d bytes: want 16 to 64", len(raw))
	}
	return raw, nil
}

// MintToken returns the text of a SAS token.
func MintToken(key []byte, resource, keyName string, expiry time.Time) string {
	sr, se := url.QueryEscape(resource), strconv.FormatInt(expiry.Unix(), 10)
	sig := url.QueryEscape(base64.StdEncoding.EncodeToString(Sign(key, sr, se)))
	token := fmt.Sprintf("%s sr=%s&sig=%s&se=%s", tokenScheme, sr, sig, se)
	if keyName != "" {
		token += "&skn=" + keyName
	}
	return token
}

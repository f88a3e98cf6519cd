package sas

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"mayfly/internal/redact"
)

// Key is a symmetric key. It cannot be printed, logged or marshalled.
type Key struct{ hidden }

type hidden = redact.Value[[]byte]

// ErrKey says that a text is not a symmetric key. It never quotes the text.
var ErrKey = errors.New("not a symmetric key: want base64, as the portal shows it")

// ParseKey reads a key as Azure shows it: standard base64.
func ParseKey(text string) (Key, error) {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(bytes) == 0 {
		return Key{}, ErrKey
	}
	return Key{redact.New(bytes)}, nil
}

// Equal reports whether two keys are the same, in constant time.
func (k Key) Equal(other Key) bool { return hmac.Equal(k.hidden.Reveal(), other.hidden.Reveal()) }

// Derive returns the device key of registrationID in the enrollment group whose
// key k is: HMAC-SHA256 over the id as written (azure-docs,
// iot-dps/concepts-symmetric-key-attestation.md, "Group enrollments").
func (k Key) Derive(registrationID string) Key {
	return Key{redact.New(k.mac(registrationID))}
}

// Reveal returns the key in base64.
func (k Key) Reveal() string { return base64.StdEncoding.EncodeToString(k.hidden.Reveal()) }

func (k Key) mac(text string) []byte {
	mac := hmac.New(sha256.New, k.hidden.Reveal())
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

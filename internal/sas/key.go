package sas

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

const redacted = "[redacted]"

// Key is a symmetric key. It cannot be printed, logged or marshalled: every
// such way gives "[redacted]", or an address where the key is a private field of
// what is printed.
type Key struct{ secret *secret }

type secret struct{ bytes []byte }

// ErrKey says that a text is no symmetric key. It never quotes the text.
var ErrKey = errors.New("not a symmetric key: want base64, as the portal shows it")

// ParseKey reads a key as Azure shows it: standard base64.
func ParseKey(text string) (Key, error) {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(bytes) == 0 {
		return Key{}, ErrKey
	}
	return Key{&secret{bytes}}, nil
}

// IsZero reports whether k holds no key.
func (k Key) IsZero() bool { return k.secret == nil }

// Equal reports whether two keys are the same, in constant time.
func (k Key) Equal(other Key) bool { return hmac.Equal(k.bytes(), other.bytes()) }

// Derive gives the device key of registrationID in the enrollment group whose
// key k is: HMAC-SHA256 over the id as written (azure-docs,
// iot-dps/concepts-symmetric-key-attestation.md, "Group enrollments").
func (k Key) Derive(registrationID string) Key {
	return Key{&secret{k.mac(registrationID)}}
}

// Reveal gives the key in base64, for the one command whose purpose is to show
// a device key to its owner.
func (k Key) Reveal() string { return base64.StdEncoding.EncodeToString(k.bytes()) }

func (k Key) bytes() []byte {
	if k.secret == nil {
		return nil
	}
	return k.secret.bytes
}

func (k Key) mac(text string) []byte {
	mac := hmac.New(sha256.New, k.bytes())
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Format keeps the key out of every fmt verb.
func (Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// MarshalText keeps the key out of JSON, YAML and logs.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

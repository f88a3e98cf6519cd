package httpsend

import "mayfly/internal/sas"

// Key is a symmetric key: a device's own, or an enrollment group's. It cannot be
// printed, logged or marshalled; each of these gives "[redacted]".
//
// The Key of package dps is the same key: httpsend.Key(k) converts it.
type Key sas.Key

// ParseKey reads a symmetric key in base64, as the portal shows it. Its error
// does not quote the text.
func ParseKey(text string) (Key, error) {
	k, err := sas.ParseKey(text)
	return Key(k), err
}

// Derive returns the key of one device in the enrollment group whose key k is:
// HMAC-SHA256 over the registration id as written (azure-docs,
// iot-dps/concepts-symmetric-key-attestation.md, "Group enrollments").
func (k Key) Derive(registrationID string) Key { return Key(sas.Key(k).Derive(registrationID)) }

// Equal reports whether two keys are the same, in constant time.
func (k Key) Equal(other Key) bool { return sas.Key(k).Equal(sas.Key(other)) }

// IsZero reports whether k is the zero value, which is not a key.
func (k Key) IsZero() bool { return sas.Key(k).IsZero() }

// Reveal returns the key in base64, for a program whose purpose is to show a
// device's key to its owner.
func (k Key) Reveal() string { return sas.Key(k).Reveal() }

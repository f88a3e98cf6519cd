package dps

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"
)

// maxDeviceID is the length of the longest registration id.
const maxDeviceID = 128

// Device is who registers, and with which credential: a key or a certificate.
type Device struct {
	// ID is the registration id: 1 to 128 letters, digits and "-._:", the last
	// one a letter, a digit or "-" (azure-docs, iot-dps/concepts-service.md).
	// With a certificate it is the subject's common name.
	ID string
	// Key is the device's own key: an individual enrollment's, or one derived
	// from a group's. Never the group's key itself.
	Key Key
	// SecondaryKey is tried where DPS refuses Key. A single call of Client does
	// not look at it, a Provisioner does.
	SecondaryKey Key
	// Certificate is the X.509 credential with its chain; Key is not used then.
	Certificate *tls.Certificate
	// Payload goes to DPS with the registration: a JSON object, or nothing.
	Payload json.RawMessage
}

// Same reports whether two devices are the same one with the same credential.
func (d Device) Same(other Device) bool {
	return d.ID == other.ID && d.Key.Equal(other.Key) && d.SecondaryKey.Equal(other.SecondaryKey) &&
		sameCertificate(d.Certificate, other.Certificate)
}

func sameCertificate(a, b *tls.Certificate) bool {
	return a == b || a != nil && b != nil && slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal)
}

// withKey returns the device with the key that a call is to use as its Key.
func (d Device) withKey(secondary bool) Device {
	if secondary && !d.SecondaryKey.IsZero() {
		d.Key = d.SecondaryKey
	}
	return d
}

// Assignment is where DPS has put a device.
type Assignment struct {
	Hub      string // host name of the IoT hub, without a scheme
	DeviceID string // the device's id at the hub; may differ from the registration id
	// Secondary says that DPS accepted the device's SecondaryKey; the hub wants
	// the same one.
	Secondary bool

	repeated   bool  // the registration before this one was not confirmed either
	registered int64 // Unix seconds of the registration; 0 when it was only looked up
	confirmed  atomic.Bool
}

// Registration is what DPS answers to a registration: it has ended, or is under
// way.
type Registration struct {
	Assignment *Assignment   // nil while DPS is still assigning
	Operation  string        // id of the operation to poll
	RetryAfter time.Duration // before which DPS wants no poll; 0 when it does not say
}

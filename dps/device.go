package dps

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"sync/atomic"

	"mayfly/internal/sas"
)

// Key is a symmetric key; it cannot be printed. ParseKey reads one, Derive
// makes a device's key from its enrollment group's.
type Key = sas.Key

// ParseKey reads a symmetric key in base64, as the portal shows it.
func ParseKey(text string) (Key, error) { return sas.ParseKey(text) }

// Device is who registers, and by what credential: a key or a certificate.
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

// Same tells whether two devices are the same one with the same credential.
func (d Device) Same(other Device) bool {
	return d.ID == other.ID && d.Key.Equal(other.Key) && d.SecondaryKey.Equal(other.SecondaryKey) &&
		(d.Certificate == other.Certificate ||
			d.Certificate != nil && other.Certificate != nil && bytes.Equal(d.Certificate.Certificate[0], other.Certificate.Certificate[0]))
}

// withKey gives the device with the key that a call is to use.
func (d Device) withKey(secondary bool) Device {
	if secondary {
		d.Key = d.SecondaryKey
	}
	return d
}

// Assignment is where DPS has put a device.
type Assignment struct {
	Hub      string // host name of the IoT hub, without a scheme
	DeviceID string // the device's id at the hub; may differ from the registration id
	// Secondary says that DPS took the device's SecondaryKey; the hub wants the
	// same one.
	Secondary bool

	registered int64 // Unix seconds of the registration; 0 when it was only looked up
	worked     atomic.Bool
}

// Registered tells whether the assignment was made by a registration just now,
// and not merely looked up: the device was not assigned before.
func (a *Assignment) Registered() bool { return a.registered != 0 }

// Worked tells that the hub has taken an event by this assignment.
func (a *Assignment) Worked() {
	if !a.worked.Load() {
		a.worked.Store(true)
	}
}

// Registration is what DPS says of a registration: done, or under way.
type Registration struct {
	Assignment *Assignment // nil while DPS is still assigning
	Operation  string      // id of the operation to ask for
	RetryAfter int         // seconds that DPS wants to be left alone; 0 when it does not say
}

package function

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"mayfly/transform"
)

// caller is somebody whom Mayfly knows, and what they may do.
type caller struct {
	name    string
	sources []string // nil: all
	devices patterns // nil: all
	fleets  []string // nil: the one that the source or the environment says
	bucket  *rate.Limiter

	anyFleet bool // whatever the source's mapping says
}

// callerKey is a key as far as Mayfly knows it: its hash, and until when it is
// taken. The zero time is for ever.
type callerKey struct {
	sum     [sha256.Size]byte
	expires time.Time
	owner   *caller
}

// maxKeys bounds what a wrong key costs: every key is compared, so that time
// tells nothing of which was near.
const maxKeys = 4096

// callerKeys are the keys of all callers.
type callerKeys []callerKey

// find finds who holds a key. Nobody is nil.
func (keys callerKeys) find(key string, now time.Time) *caller {
	sum := sha256.Sum256([]byte(key))
	found := -1
	for i := range keys {
		k := &keys[i]
		if subtle.ConstantTimeCompare(sum[:], k.sum[:]) == 1 && (k.expires.IsZero() || now.Before(k.expires)) {
			found = i
		}
	}
	if key == "" || found < 0 {
		return nil
	}
	return keys[found].owner
}

// mayUse tells whether the caller may send to a source. A nil caller is one whom
// somebody else has checked.
func (c *caller) mayUse(source string) bool {
	return c == nil || c.sources == nil || slices.Contains(c.sources, source)
}

// notAllowed is one answer for each thing that a caller may not do: which of them
// it was stands in the log alone.
func notAllowed(why string) error {
	return &refusal{code: codeDeviceNotAllowed, detail: "this caller may not send this", cause: errors.New(why)}
}

// maySpeakFor tells whether the caller may send every one of the messages. A
// gateway is asked for like a device: to be attached to somebody else's would be
// to speak for it.
func (c *caller) maySpeakFor(messages []transform.Message) error {
	if c == nil || c.devices == nil {
		return nil
	}
	for i := range messages {
		m := &messages[i]
		if !c.devices.allow(m.DeviceID) {
			return notAllowed("device " + m.DeviceID + " is not one of " + c.name)
		}
		if m.GatewayID != "" && !c.devices.allow(m.GatewayID) {
			return notAllowed("gateway " + m.GatewayID + " is not one of " + c.name)
		}
	}
	return nil
}

// unauthenticated is one answer for everybody who is not known, whatever was
// wrong with what they showed.
func unauthenticated(why string) error {
	return &refusal{code: codeUnauthenticated, detail: "send a key that this bridge knows, as x-api-key or Authorization: Bearer", cause: errors.New(why)}
}

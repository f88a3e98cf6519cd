package policy

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/ratelimit"
	"mayfly/transform/message"
)

// Caller is somebody whom Mayfly knows, and what they may do.
type Caller struct {
	Name    string
	Sources []string // nil: all
	Devices Patterns // nil: all
	Fleets  []string // nil: the one that the source or the environment says
	Bucket  *rate.Limiter

	Rate     ratelimit.Rate // of Bucket
	RateName string         // of Bucket, the same in all instances

	AnyFleet bool // whatever the source's mapping says
	SendOnly bool // may not receive what waits for the devices
}

// Key is a key as far as Mayfly knows it: its hash, and until when it is
// taken. The zero time is for ever.
type Key struct {
	Sum     [sha256.Size]byte
	Expires time.Time
	Owner   *Caller
}

// NewCaller makes a caller of a specification that was checked.
func NewCaller(name string, may *PermissionSpec) *Caller {
	c := &Caller{Name: name, Sources: may.Sources, Fleets: may.Fleets, Bucket: may.Rate.Limiter(),
		SendOnly: may.sendOnly(), Rate: may.Rate, RateName: "caller\x00" + name}
	if may.Devices != nil {
		c.Devices = Patterns{} // an empty list allows none
	}
	for _, text := range may.Devices {
		c.Devices = append(c.Devices, Pattern(text))
	}
	return c
}

// MaxKeys bounds what a wrong key costs: every key is compared, so that time
// tells nothing of which was near.
const MaxKeys = 4096

// Keys are the keys of all callers.
type Keys []Key

// Find finds who holds a key. Nobody is nil.
func (keys Keys) Find(key string, now time.Time) *Caller {
	sum := sha256.Sum256([]byte(key))
	found := -1
	for i := range keys {
		k := &keys[i]
		if subtle.ConstantTimeCompare(sum[:], k.Sum[:]) == 1 && (k.Expires.IsZero() || now.Before(k.Expires)) {
			found = i
		}
	}
	if key == "" || found < 0 {
		return nil
	}
	return keys[found].Owner
}

// DownlinkPrefix makes of a source's name that of its way back, by which messages come to
// the devices.
const DownlinkPrefix = "downlink/"

// MayUse tells whether the caller may send to a source, or by its way back. A nil caller is
// one whom somebody else has checked.
func (c *Caller) MayUse(source string) bool {
	if c == nil {
		return true
	}
	source, back := strings.CutPrefix(source, DownlinkPrefix)
	return (!back || c.MayReceive()) && (c.Sources == nil || slices.Contains(c.Sources, source))
}

// NotAllowed is one answer for each thing that a caller may not do: which of them
// it was stands in the log alone.
func NotAllowed(why string) error {
	return &problem.Error{
		Code:   problem.DeviceNotAllowed,
		Detail: "this caller may not send this",
		Cause:  errors.New(why),
	}
}

// MayReceive tells whether the caller may receive what waits for the devices that it
// speaks for. A nil caller is one whom somebody else has checked.
func (c *Caller) MayReceive() bool { return c == nil || !c.SendOnly }

// MaySpeakFor tells whether the caller may send every one of the messages. A
// gateway is asked for like a device: to be attached to somebody else's would be
// to speak for it.
func (c *Caller) MaySpeakFor(messages []message.Message) error {
	if c == nil || c.Devices == nil {
		return nil
	}
	for i := range messages {
		m := &messages[i]
		if !c.Devices.Allow(m.DeviceID) {
			return NotAllowed("device " + m.DeviceID + " is not one of " + c.Name)
		}
		if m.GatewayID != "" && !c.Devices.Allow(m.GatewayID) {
			return NotAllowed("gateway " + m.GatewayID + " is not one of " + c.Name)
		}
	}
	return nil
}

// Unauthenticated is one answer for everybody who is not known, whatever was
// wrong with what they showed.
func Unauthenticated(why string) error {
	return &problem.Error{
		Code:   problem.Unauthenticated,
		Detail: "send a key that this bridge knows, as x-api-key or Authorization: Bearer",
		Cause:  errors.New(why),
	}
}

// Unproved refuses a request whose sender does not prove that it is its own. Why must show nothing of a secret: the
// sender is told.
func Unproved(why string) *problem.Error {
	return &problem.Error{
		Code:   problem.Unauthenticated,
		Detail: "this source takes what its sender signs, and nothing else: " + why,
		Cause:  errors.New(why),
	}
}

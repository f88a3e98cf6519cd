package function

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strconv"
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

// mostKeys bounds what a wrong key costs: every key is compared, so that time
// tells nothing of which was near.
const mostKeys = 4096

// byKey finds who holds a key. Nobody is nil.
func byKey(keys []callerKey, key string, now time.Time) *caller {
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

// maySpeak tells whether the caller may send every one of the messages. A
// gateway is asked for like a device: to be attached to somebody else's would be
// to speak for it.
func (c *caller) maySpeak(messages []transform.Message) error {
	if c == nil || c.devices == nil {
		return nil
	}
	for i := range messages {
		m := &messages[i]
		if !c.devices.allow(m.DeviceID) {
			return notAllowed("device " + m.DeviceID + " is none of " + c.name)
		}
		if m.GatewayID != "" && !c.devices.allow(m.GatewayID) {
			return notAllowed("gateway " + m.GatewayID + " is none of " + c.name)
		}
	}
	return nil
}

// unauthenticated is one answer for everybody who is not known, whatever was
// wrong with what they showed.
func unauthenticated(why string) error {
	return &refusal{code: codeUnauthenticated, detail: "send a key that this bridge knows, as x-api-key or Authorization: Bearer", cause: errors.New(why)}
}

// knock finds out who calls before anything of the body is read, and whether
// they may send to the source, where it is known yet. Who sends to a signed source
// without any credential is known when the signature has been checked.
func (s *Service) knock(r *http.Request, info *request, source string) error {
	if _, where := presentedKey(r); where == carrierNone && s.signed(source) {
		if !s.guards[source].scheme.shown(r) {
			return unauthenticated("there is no signature")
		}
		return s.admitSource(r, nil, source)
	}
	c, err := s.authorise(r)
	if err != nil {
		return err
	}
	info.caller = c
	if source == "" {
		return nil // it is found by the body, and then admitted
	}
	return s.admitSource(r, c, source)
}

// admitSource checks the address, where the source has a list, and whether the
// caller may send to it.
func (s *Service) admitSource(r *http.Request, c *caller, source string) error {
	if g := s.guards[source]; g != nil && g.from != nil && !g.from.contain(s.clientAddr(r)) {
		return notAllowed("the address is not one that " + source + " is sent from")
	}
	if !c.mayUse(source) {
		return notAllowed("source " + logName(source) + " is not for " + c.name)
	}
	return nil
}

// admitBody checks what can be checked once the source and the body are known,
// before the body is mapped.
func (s *Service) admitBody(r *http.Request, source string, body []byte) error {
	if err := s.admitSource(r, about(r.Context()).caller, source); err != nil {
		return err
	}
	return s.checkSignature(r, source, body)
}

// admitMessages checks every message before any is sent: its device, its fleet,
// and how many there are.
func (s *Service) admitMessages(info *request, d decoded) error {
	if n := len(d.messages); n > s.config.MaxMessages {
		return &refusal{code: codeBodyTooLarge, detail: "the body holds " + strconv.Itoa(n) + " messages; the bridge takes " + strconv.Itoa(s.config.MaxMessages) + " at a time"}
	}
	if err := info.caller.maySpeak(d.messages); err != nil {
		return err
	}
	if err := info.signer.maySpeak(d.messages); err != nil {
		return err
	}
	return s.chooseFleets(info.caller, d.messages)
}

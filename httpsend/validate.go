package httpsend

import (
	"fmt"
	"strings"

	"mayfly/internal/upstream"
)

// The longest ids in characters (azure-docs, iot-hub/iot-hub-devguide-identity-registry.md
// and iot-hub-devguide-messages-construct.md).
const (
	maxDeviceID  = 128
	maxMessageID = 128
)

// Characters beside letters and digits.
const (
	deviceIDChars = "-.+%_#*?!(),:=@;$'"
	tokenChars    = "!#$%&'*+-.^_`|~" //nolint:gosec // those of an HTTP token (RFC 9110, section 5.6.2)
)

// validate refuses what no hub would take, before any connection is touched: such
// a call would only be repeated, and be taken for the hub's outage.
func (c *Client) validate(t Target, events []Event) *Error {
	failed := &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Invalid}
	switch {
	case !upstream.ValidHost(t.Hub):
		failed.Message = "the hub is not a host name, as in my-hub.azure-devices.net"
	case !validDeviceID(t.DeviceID):
		failed.Message = fmt.Sprintf("the device id is not 1 to %d letters, digits or %q", maxDeviceID, deviceIDChars)
	case t.Key.IsZero() && t.Certificate == nil:
		failed.Message = "the target has neither a key nor a certificate"
	case !upstream.Printable(c.UserAgent):
		failed.Message = "the user agent is not printable ASCII"
	default:
		for i := range events {
			if failed.Message = events[i].fault(); failed.Message != "" {
				break
			}
			if size := events[i].Size(); size > MaxMessage {
				failed.Kind = TooLarge
				failed.Message = fmt.Sprintf("the message has %d bytes with its properties; a hub takes %d",
					size, MaxMessage)
				break
			}
		}
	}
	if failed.Message == "" {
		return nil
	}
	failed.Hub, failed.Device = upstream.Text(failed.Hub), upstream.Text(failed.Device)
	return failed
}

// fault says what is wrong with the event, or nothing.
func (e *Event) fault() string {
	switch {
	case !upstream.Printable(e.ContentType):
		return "the content type is not printable ASCII"
	case !upstream.Printable(e.ContentEncoding):
		return "the content encoding is not printable ASCII"
	case len(e.MessageID) > maxMessageID:
		return fmt.Sprintf("the message id has %d characters: want at most %d", len(e.MessageID), maxMessageID)
	case len(e.CorrelationID) > maxMessageID:
		return fmt.Sprintf("the correlation id has %d characters: want at most %d", len(e.CorrelationID), maxMessageID)
	}
	bad, found := "", false // the first in order, so that the error is always the same
	for name := range e.Properties {
		if !consistsOf(name, tokenChars) && (!found || name < bad) {
			bad, found = name, true
		}
	}
	if found {
		return fmt.Sprintf("the property name %q is not letters, digits or %s", upstream.Text(bad), tokenChars)
	}
	return e.clash()
}

// clash says which two names are one to a hub, or nothing: they are names of headers,
// in which case does not count.
func (e *Event) clash() string {
	component, twice := "", ""
	for name := range e.Properties {
		if e.Component != "" && strings.EqualFold(name, subject) {
			component = max(component, name)
		}
		for other := range e.Properties {
			if name < other && strings.EqualFold(name, other) {
				twice = max(twice, other)
			}
		}
	}
	switch {
	case component != "":
		return fmt.Sprintf("the property %q is the component's", component)
	case twice != "":
		return fmt.Sprintf("the property %q is there twice: case does not count", twice)
	}
	return ""
}

// validDeviceID accepts what a hub's identity registry does, and nothing that
// would change the path of the URL.
func validDeviceID(id string) bool {
	return len(id) <= maxDeviceID && consistsOf(id, deviceIDChars) && id != "." && id != ".."
}

// consistsOf reports whether s is not empty and has only ASCII letters, digits
// and the other characters.
func consistsOf(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alphanumeric && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}

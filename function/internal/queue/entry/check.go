package entry

import (
	"strings"
	"time"

	"mayfly/internal/jsonscan"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

const (
	maxName    = 256 // of a source and a caller
	maxPropLen = 256 << 10
)

// check applies the rules that requests are read by.
func (c *Codec) check(e *Entry) error {
	m := &e.Message
	switch {
	case !message.ValidDeviceID(m.DeviceID):
		return invalid("device is not a device id")
	case m.ModelID != "" && !message.ValidModelID(m.ModelID):
		return invalid("modelId is not a DTMI")
	case m.GatewayID != "" && !message.ValidDeviceID(m.GatewayID):
		return invalid("gatewayId is not a device id")
	case m.Component != "" && !message.ValidName(m.Component):
		return invalid("component is not a DTDL name")
	case !message.ValidMessageID(m.MessageID):
		return invalid("messageId is not a message id")
	case m.Correlates != "" && !message.ValidMessageID(m.Correlates):
		return invalid("correlates is not a message id")
	case !c.HasFleet(m.Fleet):
		return invalid("there is no fleet " + message.Quote(m.Fleet))
	case e.Source == "" || len(e.Source) > maxName || len(e.Caller) > maxName:
		return invalid("source is missing, or a name is too long")
	case e.Accepted.IsZero() || !rightTime(e.Accepted, time.Time{}):
		return invalid("accepted is not a time that can be right")
	case !m.Time.IsZero() && !rightTime(m.Time, e.Accepted):
		return invalid("time cannot be right")
	}
	seen := make(map[string]bool, len(m.Properties)) // small: most messages have none or a few
	for name, value := range m.Properties {
		folded := strings.ToLower(name)
		if !message.ValidProperty(name) || len(value) > maxPropLen || seen[folded] {
			return invalid("properties has a name that is not allowed, a name twice, or a value that is too long")
		}
		seen[folded] = true
	}
	if !media.IsObject(m.Body) || !jsonscan.Valid(m.Body) {
		return invalid("body is not a JSON object of measurements, or nested too deeply")
	}
	return nil
}

// rightTime tells whether a time is one that a message gets, and can be written. Requests replace others by the time
// of arrival.
func rightTime(t, arrival time.Time) bool {
	year := t.Year()
	return year >= 0 && year <= 9999 && message.Clock(t, arrival) != message.ClockAhead
}

func invalid(detail string) error { return &Error{Invalid, detail} }

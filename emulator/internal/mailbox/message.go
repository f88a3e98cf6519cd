package mailbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Limits of azure-docs iot-hub-devguide-messages-c2d.md and iot-hub-devguide-quotas-throttling.md.
const (
	MaxBody       = 64 << 10
	MaxDeliveries = 10
	LockTime      = time.Minute

	maxQueued  = 50
	defaultTTL = time.Hour
	maxTTL     = 48 * time.Hour
)

// methodName is the property in which IoT Central names an offline command (azure-docs iot-central
// concepts-telemetry-properties-commands.md).
const methodName = "method-name"

// Errors of Mailbox.Send and of the emulator's SendToDevice.
var (
	ErrNoDevice   = errors.New("emulator: no hub has this device")
	ErrQueueFull  = errors.New("emulator: 50 messages are waiting for the device already (403004)")
	ErrBadMessage = errors.New("emulator: message")
)

// Message is a cloud-to-device message.
type Message struct {
	MessageID       string            `json:"messageId,omitempty"`
	CorrelationID   string            `json:"correlationId,omitempty"`
	UserID          string            `json:"userId,omitempty"`
	Body            []byte            `json:"body"` // base64 in JSON
	ContentType     string            `json:"contentType,omitempty"`
	ContentEncoding string            `json:"contentEncoding,omitempty"`
	Properties      map[string]string `json:"properties,omitempty"`
	Ack             string            `json:"ack,omitempty"`     // none, positive, negative or full
	Expiry          time.Time         `json:"expiry,omitzero"`   // an hour from now by default
	Command         string            `json:"command,omitempty"` // IoT Central's offline command: property method-name
}

// UnmarshalJSON accepts a body as base64, or as "text" or any "json", which a person can type.
func (m *Message) UnmarshalJSON(b []byte) error {
	type plain Message
	var j struct {
		plain
		Text *string         `json:"text"`
		JSON json.RawMessage `json:"json"`
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*m = Message(j.plain)
	switch {
	case j.Text != nil:
		m.Body = []byte(*j.Text)
	case len(j.JSON) > 0:
		m.Body = j.JSON
		if m.ContentType == "" {
			m.ContentType, m.ContentEncoding = "application/json", "utf-8"
		}
	}
	return nil
}

// prepared returns a copy that is ready to be queued, or what is wrong with the message.
func (m Message) prepared(now time.Time, newID func() string) (Message, error) {
	if m.Expiry.IsZero() {
		m.Expiry = now.Add(defaultTTL)
	}
	switch {
	case len(m.Body) > MaxBody:
		return m, fmt.Errorf("%w: the body is over %d bytes", ErrBadMessage, MaxBody)
	case m.Expiry.After(now.Add(maxTTL)):
		return m, fmt.Errorf("%w: the expiry is more than %v ahead", ErrBadMessage, maxTTL)
	}
	if m.MessageID == "" {
		m.MessageID = newID()
	}
	m.Body, m.Properties = slices.Clone(m.Body), maps.Clone(m.Properties)
	if m.Command != "" {
		if m.Properties == nil {
			m.Properties = map[string]string{}
		}
		m.Properties[methodName] = m.Command
	}
	return m, nil
}

package downlink

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is one cloud-to-device message.
type Message struct {
	DeviceID string
	Fleet    string // of the device, empty for the only one

	ID            string // the sender's, or what the hub gave it
	CorrelationID string
	Sequence      uint64 // grows with each message of a device; 0 where the message did not wait at a hub
	DeliveryCount int    // how often it was delivered and given back before
	Enqueued      time.Time
	Expiry        time.Time

	ContentType     string
	ContentEncoding string
	System          map[string]string // system properties by their names in lower case, as in messageid
	Properties      map[string]string // application properties, by their names in lower case
	Body            []byte

	LockToken string // of the hub's lock; empty where the message did not wait at a hub
}

// methodName is the property in which IoT Central names an offline command (azure-docs,
// iot-central/core/concepts-telemetry-properties-commands.md).
const methodName = "method-name"

// Property gives an application property, whatever the case of its name is.
func (m *Message) Property(name string) (string, bool) {
	if value, ok := m.Properties[strings.ToLower(name)]; ok {
		return value, true
	}
	for other, value := range m.Properties {
		if strings.EqualFold(other, name) {
			return value, true
		}
	}
	return "", false
}

// Name gives the command's name: of IoT Central's offline command, else the property name or command; empty where
// there is none of them.
func (m *Message) Name() string {
	for _, property := range []string{methodName, "name", "command"} {
		if value, ok := m.Property(property); ok {
			return value
		}
	}
	return ""
}

// Payload gives the body as JSON: itself where it is JSON, a string where it is other text, and an object with the
// member base64 where it is not UTF-8. An empty body is null, and so is @, which IoT Central writes for a command
// without a parameter.
func (m *Message) Payload() json.RawMessage {
	if _, command := m.Property(methodName); len(m.Body) == 0 || command && string(m.Body) == "@" {
		return json.RawMessage("null")
	}
	if !utf8.Valid(m.Body) {
		return json.RawMessage(`{"base64":"` + base64.StdEncoding.EncodeToString(m.Body) + `"}`)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, m.Body) == nil {
		return compact.Bytes()
	}
	text, _ := json.Marshal(string(m.Body)) // texts always marshal
	return text
}

// Frame is what goes down to a device by radio.
type Frame struct {
	Bytes []byte
	Port  int // LoRaWAN fPort; 0: nobody said it
}

// ErrNotBytes says that a body has to be encoded before it can go down by radio.
var ErrNotBytes = errors.New(`the body is JSON: it needs a codec with encodeDownlink, ` +
	`or has to be bytes, {"hex":"..."} or {"base64":"..."}`)

// Frame gives the body's bytes and the port of the property fPort. The bytes are those of {"hex":"..."} or
// {"base64":"..."}, where the body is that; else the body itself, unless it is another JSON object or array, which is
// ErrNotBytes.
func (m *Message) Frame() (Frame, error) {
	var f Frame
	var err error
	if f.Port, err = m.Port(); err != nil {
		return f, err
	}
	trimmed := bytes.TrimSpace(m.Body)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' || !json.Valid(trimmed) {
		f.Bytes = m.Body
		return f, nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(trimmed, &members) != nil || len(members) != 1 {
		return f, ErrNotBytes
	}
	for name, value := range members {
		var text string
		if json.Unmarshal(value, &text) != nil {
			return f, ErrNotBytes
		}
		switch name {
		case "hex":
			f.Bytes, err = ParseHex(text)
		case "base64":
			f.Bytes, err = parseBase64(text)
		default:
			err = ErrNotBytes
		}
	}
	return f, err
}

// Port gives the LoRaWAN port of the property fPort; 0 where there is none.
func (m *Message) Port() (int, error) {
	text, ok := m.Property("fPort")
	if !ok {
		return 0, nil
	}
	port, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || port < 1 || port > 255 {
		return 0, errors.New("the property fPort is not a number from 1 to 255")
	}
	return port, nil
}

// ParseHex reads hexadecimal digits of either case, with or without blanks, colons, dashes or 0x.
func ParseHex(text string) ([]byte, error) {
	digits := strings.NewReplacer(" ", "", ":", "", "-", "", "\n", "", "\r", "", "\t", "").Replace(text)
	digits = strings.TrimPrefix(strings.TrimPrefix(digits, "0x"), "0X")
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("the text is not hexadecimal: %d characters", len(text))
	}
	return b, nil
}

// parseBase64 reads base64 of either alphabet, with or without padding.
func parseBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(text), "="))
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the text is not base64")
	}
	return b, nil
}

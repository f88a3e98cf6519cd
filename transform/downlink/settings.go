package downlink

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"mayfly/transform/answer"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Limits of settings: what a hub keeps for a device (azure-docs, iot-hub/iot-hub-devguide-messages-c2d.md).
const (
	maxEvery = 48 * time.Hour
	maxQueue = 50
)

// MaxBody is the size of the largest body of a message, in bytes (azure-docs,
// iot-hub/iot-hub-devguide-quotas-throttling.md).
const MaxBody = 64 << 10

// Settings say how the cloud-to-device messages that wait for the devices of a source get to them. Without any member
// they are not asked for.
type Settings struct {
	// When is true for a request whose sender takes messages in the answer to it. Where it is left out, each one does,
	// and the hub is asked once per every at most.
	When  mapping.Expr  `yaml:"when"`
	Every time.Duration `yaml:"every"` // how often the hub is asked for a device where when is left out; 25m
	Max   int           `yaml:"max"`   // how many messages one answer may have; 1
	Bytes int           `yaml:"bytes"` // how many bytes each of them has to have; any number where it is left out
	// Answer is what the sender is answered where messages go with it. $commands is the list of them, each with name,
	// payload, id, sequence, correlationId, hex, base64, port and properties.
	Answer answer.Reply `yaml:"answer"`
	// Push says how messages are handed to the cloud that speaks for the devices.
	Push Push `yaml:"push"`
	// Events say how the events that ask for a message to a device are read, which is then pushed at once.
	Events Events `yaml:"events"`
}

// Each changes every expression of settings but when by a function.
func (s *Settings) Each(change func(field string, e mapping.Expr) mapping.Expr) {
	s.Push.Each(change)
	s.Events.eachExpression(change)
	answer.EachOf(&s.Answer, "downlink.answer.", change)
}

// Compile makes the answer with which messages go; nil where they do not.
func (s *Settings) Compile(l *mapping.Language) (*answer.Single, message.Faults) {
	if !s.InAnswer() {
		return nil, nil
	}
	return answer.CompileSingle(l, "downlink.answer.", &s.Answer, "$commands")
}

// CompilePush makes the pusher; nil where messages are not pushed.
func (s *Settings) CompilePush(l *mapping.Language) (*Pusher, message.Faults) {
	p, faults := CompilePush(l, &s.Push)
	if p == nil {
		return nil, faults
	}
	read := func() (*EventReader, message.Faults) { return s.Events.compile(l) }
	if !s.Events.isZero() {
		_, found := read()
		faults = append(faults, found...)
	}
	p.events = sync.OnceValue(func() *EventReader { r, _ := read(); return r })
	return p, faults
}

// InAnswer tells whether messages go with the answer.
func (s *Settings) InAnswer() bool { return !s.Answer.IsZero() }

// Check tells what is wrong with settings besides their expressions.
func (s *Settings) Check(fault func(field, problem string)) {
	if s.Every < 0 || s.Every > maxEvery {
		fault("downlink.every", "must be from 0 to 48h: a message waits for no longer")
	}
	if s.Max < 0 || s.Max > maxQueue {
		fault("downlink.max", "must be from 0 to 50, which is what a hub keeps for a device")
	}
	if s.Bytes < 0 || s.Bytes > MaxBody {
		fault("downlink.bytes", "must be from 0 to 65536")
	}
	if !s.InAnswer() && (!s.When.IsZero() || s.Max != 0) {
		fault("downlink.answer", "is missing: when and max are about messages that go with the answer")
	}
}

// Inherit takes what settings leave out from others, when aside.
func (s *Settings) Inherit(base *Settings) {
	s.Push.Inherit(&base.Push)
	s.Events.inherit(&base.Events)
	if s.Every == 0 {
		s.Every = base.Every
	}
	if s.Answer.IsZero() {
		s.Answer = base.Answer
		if s.Max == 0 {
			s.Max = base.Max
		}
		if s.Bytes == 0 {
			s.Bytes = base.Bytes
		}
	}
}

// Value is a message as an expression sees it, with the frame that goes down.
func (m *Message) Value(f Frame) map[string]any {
	properties := make(map[string]any, len(m.Properties))
	for name, value := range m.Properties {
		properties[name] = value
	}
	var payload any
	d := json.NewDecoder(bytes.NewReader(m.Payload()))
	d.UseNumber()
	_ = d.Decode(&payload) // Payload gives JSON
	value := map[string]any{
		"name": nil, "payload": payload, "id": m.ID, "sequence": json.Number(strconv.FormatUint(m.Sequence, 10)),
		"correlationId": nil, "hex": hex.EncodeToString(f.Bytes), "base64": base64.StdEncoding.EncodeToString(f.Bytes),
		"port": nil, "properties": properties,
	}
	if name := m.Name(); name != "" {
		value["name"] = name
	}
	if m.CorrelationID != "" {
		value["correlationId"] = m.CorrelationID
	}
	if f.Port != 0 {
		value["port"] = f.Port
	}
	return value
}

// Exactly makes a frame of n bytes out of one that may be hexadecimal text for them. An n of 0 takes any number.
func (f Frame) Exactly(n int) (Frame, error) {
	if n == 0 || len(f.Bytes) == n {
		return f, nil
	}
	text := string(f.Bytes)
	var quoted string
	if json.Unmarshal(f.Bytes, &quoted) == nil {
		text = quoted
	}
	if b, err := ParseHex(text); err == nil && len(b) == n {
		f.Bytes = b
		return f, nil
	}
	return f, errors.New("the message has " + counted(len(f.Bytes)) + "; its way down takes " + fmt.Sprint(n) +
		", as bytes or as hexadecimal text")
}

func counted(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.Itoa(n) + " bytes"
}

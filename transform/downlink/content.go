package downlink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"mayfly/transform/codec"
)

// Encoding says how the bytes of a message are made.
type Encoding struct {
	Encoder codec.Encoder // of the source's codec; nil: there is none
	// Cloud says that the cloud in between has a codec of its own, which takes JSON objects.
	Cloud     bool
	MaxBytes  int       // that a frame may have; [codec.MaxDownlink] when 0
	Port      int       // where neither the message nor the codec says one
	Clock     time.Time // what a codec's clock shows
	Variables map[string]string
}

// Content is what goes to a device: bytes, or data that the cloud in between encodes.
type Content struct {
	Frame
	Data     json.RawMessage // an object; nil where there are bytes
	Warnings []string        // of the codec
}

// ContentError is a message that cannot be made into what a device takes. Another try ends the same way.
type ContentError struct{ Text string }

func (e *ContentError) Error() string { return e.Text }

func contentError(format string, args ...any) error {
	return &ContentError{fmt.Sprintf(format, args...)}
}

// Content makes what goes to the device: the bytes that the message has, as Frame reads them, or else what a codec
// makes of its data. A command has its parameter as data where that is an object; any other parameter becomes {NAME:
// parameter}, and one without {NAME: true}. The error is a [ContentError], or one of kind Unavailable of the codec.
func (m *Message) Content(ctx context.Context, e Encoding) (Content, error) {
	var c Content
	frame, notBytes := m.Frame()
	data := m.data()
	switch {
	case notBytes != nil && !errors.Is(notBytes, ErrNotBytes):
		return c, contentError("%v", notBytes)
	case notBytes == nil && isObject(m.Body): // {"hex":...}
		c.Frame = frame
	case e.Encoder != nil && data != nil:
		if err := m.encode(ctx, e, frame.Port, data, &c); err != nil {
			return c, err
		}
	case e.Cloud && isObject(data): // nil is not one
		c.Data, c.Port = data, frame.Port
	case notBytes != nil:
		return c, contentError("%v", notBytes)
	case len(m.Body) > 0 && m.isParameterless():
		return c, contentError("a command without a parameter needs a codec with encodeDownlink")
	default:
		c.Frame = frame
	}
	if c.Port == 0 {
		c.Port = e.Port
	}
	return c, c.check(e.MaxBytes)
}

// encode has the codec make the bytes. The port that the message asks for goes before the codec's.
func (m *Message) encode(ctx context.Context, e Encoding, port int, data []byte, c *Content) error {
	out, err := e.Encoder.Encode(ctx, codec.Downlink{Data: data, Port: port, Clock: e.Clock, Variables: e.Variables})
	if failed, ok := errors.AsType[*codec.Error](err); ok && failed.Kind != codec.Unavailable {
		return contentError("%v", err)
	}
	if err != nil {
		return err
	}
	c.Warnings = out.Warnings
	if len(out.Errors) > 0 {
		return contentError("the codec reports an error: %s", strings.Join(out.Errors, "; "))
	}
	if c.Bytes, c.Port = out.Bytes, port; port == 0 {
		c.Port = out.Port
	}
	return nil
}

// check tells what no network takes.
func (c *Content) check(limit int) error {
	if limit == 0 {
		limit = codec.MaxDownlink
	}
	switch {
	case c.Port < 0 || c.Port > codec.MaxDownlinkPort:
		return contentError("the port is %d, want 1 to %d", c.Port, codec.MaxDownlinkPort)
	case c.Data != nil:
	case len(c.Bytes) == 0:
		return contentError("there are no bytes to send")
	case len(c.Bytes) > limit:
		return contentError("there are %d bytes to send, at most %d go into a frame", len(c.Bytes), limit)
	}
	return nil
}

// data gives what a codec encodes; nil where the body is bytes.
func (m *Message) data() json.RawMessage {
	if !utf8.Valid(m.Body) {
		return nil
	}
	payload, name := m.Payload(), m.Name()
	switch {
	case isObject(payload):
		return payload
	case name != "":
		if string(payload) == "null" {
			payload = json.RawMessage("true")
		}
		key, _ := json.Marshal(name) // texts always marshal
		return append(append(append([]byte("{"), key...), ':'), append(payload, '}')...)
	case len(m.Body) > 0 && payload[0] == '[':
		return payload
	}
	return nil
}

// isParameterless tells a command of IoT Central that has no parameter.
func (m *Message) isParameterless() bool {
	_, command := m.Property(methodName)
	return command && string(m.Body) == "@"
}

// isObject tells whether a text begins as a JSON object does, and is JSON.
func isObject(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && text[0] == '{' && json.Valid(text)
}

package entry

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"mayfly/transform/message"
)

// MaxBytes bounds what Decode reads: the largest event of a hub, with what JSON adds to it.
const MaxBytes = 1 << 20

// Codec writes and reads entries. It may be used by several goroutines at once.
type Codec struct {
	// HasFleet tells whether a fleet is configured; the environment's own is empty.
	HasFleet func(name string) bool
	// Keys gives the signing keys: the first signs, all of them verify. nil: entries are not signed, and signatures
	// are not looked at.
	Keys func(ctx context.Context) ([][]byte, error)
	// Refresh has Keys read again where they are kept, for a signature that none of them made. May be nil.
	Refresh func(ctx context.Context)
}

// wire is an entry as it is written. Later versions may add members; their meaning must not change within a version.
type wire struct {
	Source     string            `json:"source"`
	Caller     string            `json:"caller,omitempty"`
	Accepted   time.Time         `json:"accepted"`
	Fleet      string            `json:"fleet,omitempty"`
	DeviceID   string            `json:"device"`
	SecretID   bool              `json:"secretId,omitempty"`
	ModelID    string            `json:"modelId,omitempty"`
	GatewayID  string            `json:"gatewayId,omitempty"`
	Component  string            `json:"component,omitempty"`
	MessageID  string            `json:"messageId"`
	Correlates string            `json:"correlates,omitempty"`
	Time       time.Time         `json:"time,omitzero"`
	Properties map[string]string `json:"properties,omitempty"`
	Body       json.RawMessage   `json:"body"`
}

type envelope struct {
	Version *int            `json:"v"`
	Entry   json.RawMessage `json:"entry"`
	HMAC    string          `json:"hmac"`
}

// Encode writes an entry. Its error is that of the store of the keys, or an *Error for a message that Decode would not
// take.
func (c *Codec) Encode(ctx context.Context, e *Entry) ([]byte, error) {
	if err := c.check(e); err != nil {
		return nil, err
	}
	m := &e.Message
	var b bytes.Buffer
	b.Grow(len(m.Body) + 512)
	b.WriteString(`{"v":` + strconv.Itoa(Version) + `,"entry":`)
	from := b.Len()
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(&wire{
		e.Source, e.Caller, e.Accepted.UTC(), m.Fleet, m.DeviceID, m.SecretID, m.ModelID, m.GatewayID, m.Component,
		m.MessageID, m.Correlates, m.Time, m.Properties, m.Body,
	})
	if err != nil {
		return nil, &Error{Malformed, "the measurements are not JSON"}
	}
	b.Truncate(b.Len() - 1) // the line's end
	if c.Keys != nil {
		keys, err := c.Keys(ctx)
		if err != nil {
			return nil, err
		}
		sum := sign(keys[0], Version, b.Bytes()[from:])
		b.WriteString(`,"hmac":"` + hex.EncodeToString(sum) + `"`)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Decode reads an entry. Its error is that of the store of the keys, or an *Error.
func (c *Codec) Decode(ctx context.Context, data []byte) (*Entry, error) {
	if len(data) > MaxBytes {
		return nil, &Error{Malformed, fmt.Sprintf("it has %d bytes, entries have at most %d", len(data), MaxBytes)}
	}
	var outer envelope
	if err := json.Unmarshal(data, &outer); err != nil || outer.Version == nil {
		return nil, &Error{Malformed, "it is not a JSON object with a version v"}
	}
	switch v := *outer.Version; {
	case v > Version:
		return nil, &Error{Future, fmt.Sprintf("it has version %d, this release reads versions up to %d", v, Version)}
	case v < 1:
		return nil, &Error{Malformed, fmt.Sprintf("there is no version %d", v)}
	}
	if err := c.verify(ctx, &outer); err != nil {
		return nil, err
	}
	var w wire
	if err := json.Unmarshal(outer.Entry, &w); err != nil {
		return nil, &Error{Malformed, "a member has the wrong type"}
	}
	e := &Entry{Source: w.Source, Caller: w.Caller, Accepted: w.Accepted, Message: message.Message{
		DeviceID: w.DeviceID, SecretID: w.SecretID, ModelID: w.ModelID, GatewayID: w.GatewayID, Fleet: w.Fleet,
		Component: w.Component, MessageID: w.MessageID, Correlates: w.Correlates, Time: w.Time,
		Properties: w.Properties, Body: w.Body,
	}}
	if err := c.check(e); err != nil {
		return nil, err
	}
	return e, nil
}

// verify checks the signature, where there are keys.
func (c *Codec) verify(ctx context.Context, outer *envelope) error {
	if c.Keys == nil {
		return nil
	}
	sum, err := hex.DecodeString(outer.HMAC)
	if err != nil || len(sum) == 0 {
		return &Error{Unsigned, "it has no signature"}
	}
	for again := range 2 {
		if again > 0 {
			if c.Refresh == nil {
				break
			}
			c.Refresh(ctx)
		}
		keys, err := c.Keys(ctx)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if hmac.Equal(sum, sign(key, *outer.Version, outer.Entry)) {
				return nil
			}
		}
	}
	return &Error{Unsigned, "its signature is not that of QUEUE_SIGNING_KEY"}
}

func sign(key []byte, version int, entry []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("mayfly queue entry " + strconv.Itoa(version) + "\n"))
	h.Write(entry)
	return h.Sum(nil)
}

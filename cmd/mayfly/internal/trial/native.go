package trial

import (
	"encoding/json"
	"errors"
	"fmt"

	"mayfly/transform"
	"mayfly/transform/message"
	"mayfly/transform/sample"
)

// The names of Mayfly's own formats, which no source has.
const (
	native = "telemetry"
	device = "device"
)

// deviceID is that of the device whose route a request of the format device would take.
const deviceID = "my-device"

// IsNative reports whether a name is that of one of Mayfly's own formats: that of /api/telemetry, or that of
// /api/devices/{deviceId}/telemetry.
func IsNative(name string) bool { return name == native || name == device }

// Native shows what a request in one of Mayfly's own formats becomes. There is no mapping, so there are no steps.
func Native(t *transform.Transformer, name string, r *message.Request) transform.Trace {
	read := t.Native
	if name == device {
		read = func(r *message.Request) (transform.Outcome, error) { return t.Device(r, deviceOf(r.Path)) }
	}
	outcome, err := read(r)
	trace := transform.Trace{Source: name, Parts: []transform.TracePart{}, Decoded: decoded(r.Body), Error: failed(err)}
	for i := range outcome.Messages {
		m := &outcome.Messages[i]
		written := sample.Of(m)
		trace.Parts = append(trace.Parts, transform.TracePart{Steps: []transform.TraceStep{},
			Message: &transform.TraceMessage{
				DeviceID: written.DeviceID, ModelID: written.ModelID, GatewayID: written.GatewayID,
				Component: written.Component, MessageID: written.MessageID, Time: written.Time,
				Properties: written.Properties, Body: m.Body, Message: *m,
			}})
	}
	for _, note := range outcome.Notes {
		trace.Notes = append(trace.Notes, note.String())
	}
	trace.Answer = &transform.TraceAnswer{Status: 200, ContentType: "application/json",
		Body: fmt.Sprintf(`{"delivered":%d}`, len(outcome.Messages))}
	return trace
}

// decoded shows a body as it came; the formats are JSON mostly.
func decoded(body []byte) any {
	if json.Valid(body) {
		return json.RawMessage(body)
	}
	return string(body)
}

// failed explains why no message came out.
func failed(err error) *transform.TraceError {
	if err == nil {
		return nil
	}
	wrong, ok := errors.AsType[*message.Error](err)
	if !ok {
		return &transform.TraceError{Kind: "invalid", Detail: err.Error()}
	}
	kind := map[message.Kind]string{message.Malformed: "malformed", message.Unsupported: "unsupported"}[wrong.Kind]
	if kind == "" {
		kind = "invalid"
	}
	return &transform.TraceError{Kind: kind, Detail: wrong.Detail, Fields: wrong.Fields}
}

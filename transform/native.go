package transform

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"mayfly/transform/media"
	"mayfly/transform/members"
	"mayfly/transform/message"
	"mayfly/transform/rules"
	"mayfly/transform/unknown"
)

// native is Microsoft's bridge format (Azure/iotc-device-bridge, README) and
// what Mayfly adds to it.
type native struct {
	Device       nativeDevice    `json:"device"`
	Measurements json.RawMessage `json:"measurements" validate:"required,object"`
	Timestamp    json.RawMessage `json:"timestamp"`
	Component    string          `json:"component" validate:"omitempty,name"`
	MessageID    string          `json:"messageId" validate:"omitempty,messageid"`
	// The bridge's README says "a modelId field in the body", its code reads
	// device.modelId: both are taken.
	ModelID    string          `json:"modelId" validate:"omitempty,dtmi"`
	Properties json.RawMessage `json:"properties"`
}

type nativeDevice struct {
	DeviceID  string `json:"deviceId" validate:"required,deviceid"`
	ModelID   string `json:"modelId" validate:"omitempty,dtmi"`
	GatewayID string `json:"gatewayId" validate:"omitempty,deviceid"`
	Fleet     string `json:"fleet"`
}

// Native reads Mayfly's own format: an object, a JSON array of objects, or one
// object after another (NDJSON). It fails if any of them is wrong.
func (t *Transformer) Native(r *message.Request) (Outcome, error) {
	return strict(t.nativeParts(r, &media.Notes{}))
}

// NativeBatch reads Mayfly's own format. Objects that are wrong, and lines of NDJSON that
// cannot be read, are Refused; it fails if there is nothing else.
func (t *Transformer) NativeBatch(r *message.Request) (Outcome, error) {
	return t.nativeParts(r, media.SkippingLines())
}

func (t *Transformer) nativeParts(r *message.Request, notes *media.Notes) (Outcome, error) {
	items, err := media.JSONValues(r, notes)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Messages: make([]message.Message, 0, len(items)), Parts: make([]int, 0, len(items))}
	out.Notes = leftOut(notes)
	for i, item := range items {
		prefix := rules.BatchElement(i, len(items), notes.Bad)
		m, wrong := t.native(item, prefix, r.Received)
		strange := unknownMembers(item)
		unknown.Explain(wrong, prefix, strange)
		out.Notes = noteUnknown(out.Notes, strange)
		if len(wrong) > 0 {
			out.refuse(i, wrong)
			continue
		}
		out.withoutCredentials(&m)
		out.Messages, out.Parts = append(out.Messages, m), append(out.Parts, i)
	}
	return out, out.finish(notes.Bad)
}

func (t *Transformer) native(item json.RawMessage, prefix string, arrival time.Time) (message.Message, []message.FieldError) {
	if !media.IsObject(item) {
		path := strings.TrimSuffix(prefix, ".")
		return message.Message{}, []message.FieldError{{Path: path, Rule: "object",
			Hint: "must be an object with device and measurements, not " + media.KindOf(item)}}
	}
	var n native
	var fields []message.FieldError
	if err := json.Unmarshal(item, &n); err != nil {
		fields = append(fields, members.WrongType(prefix, err))
	}
	dropNulls(&n)
	if n.plain() && len(fields) == 0 {
		// The common case, which the validator would only confirm.
	} else if err := t.validate.Struct(&n); err != nil {
		for _, f := range rules.FieldErrors(prefix, err) {
			if len(fields) > 0 && fields[0].Path == f.Path {
				continue // reported already
			}
			if f.Path == prefix+"device.deviceId" && f.Rule == "required" && !members.Has(item, "device") {
				f.Hint = `is missing: the id goes into an object, as in {"device":{"deviceId":"sensor-1"},"measurements":{...}}`
			}
			fields = append(fields, f)
		}
	}
	at, timed, wrong := members.Timestamp(message.TextOrNumber(n.Timestamp), prefix)
	fields = append(fields, wrong...)
	properties, wrong := members.Scalars(prefix+"properties.", n.Properties)
	fields = append(fields, wrong...)
	if len(fields) > 0 {
		return message.Message{}, message.OfDevice(n.Device.DeviceID, fields)
	}
	m := message.Message{
		DeviceID:   n.Device.DeviceID,
		ModelID:    cmp.Or(n.Device.ModelID, n.ModelID),
		GatewayID:  n.Device.GatewayID,
		Fleet:      n.Device.Fleet,
		Component:  n.Component,
		MessageID:  n.MessageID,
		Properties: properties,
		Body:       n.Measurements,
	}
	if timed {
		m.SetTime(at, arrival)
	}
	return m, nil
}

// plain tells whether the fields keep the rules of their tags. It is for speed: a
// test holds it to what the validator says.
func (n *native) plain() bool {
	optional := func(text string, valid func(string) bool) bool { return text == "" || valid(text) }
	return message.ValidDeviceID(n.Device.DeviceID) && media.IsObject(n.Measurements) &&
		optional(n.Device.ModelID, message.ValidModelID) && optional(n.ModelID, message.ValidModelID) &&
		optional(n.Device.GatewayID, message.ValidDeviceID) && optional(n.MessageID, message.ValidMessageID) &&
		optional(n.Component, message.ValidName)
}

// dropNulls treats a null as an absent member, as JavaScript senders mean it.
func dropNulls(n *native) {
	if string(n.Measurements) == "null" {
		n.Measurements = nil
	}
}

package transform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/internal/jsonscan"
	"mayfly/transform/media"
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
		fields = append(fields, wrongType(prefix, err))
	}
	dropNulls(&n)
	if n.plain() && len(fields) == 0 {
		// The common case, which the validator would only confirm.
	} else if err := t.validate.Struct(&n); err != nil {
		for _, f := range rules.FieldErrors(prefix, err) {
			if len(fields) > 0 && fields[0].Path == f.Path {
				continue // reported already
			}
			if f.Path == prefix+"device.deviceId" && f.Rule == "required" && !has(item, "device") {
				f.Hint = `is missing: the id goes into an object, as in {"device":{"deviceId":"sensor-1"},"measurements":{...}}`
			}
			fields = append(fields, f)
		}
	}
	at, timed, wrong := timestamp(message.TextOrNumber(n.Timestamp), prefix)
	fields = append(fields, wrong...)
	properties, wrong := scalars(prefix+"properties.", n.Properties)
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

// timestamp reads a timestamp; ok is false where there is none: an empty text. prefix names
// the message in a batch.
func timestamp(text, prefix string) (at time.Time, ok bool, wrong []message.FieldError) {
	if strings.TrimSpace(text) == "" {
		return at, false, nil
	}
	at, err := message.ParseTime(text, message.Zone{})
	if err != nil {
		return at, false, []message.FieldError{{Path: prefix + "timestamp", Rule: "timestamp", Hint: err.Error()}}
	}
	return at, true, nil
}

// wrongType makes the field error of a member that has another type.
func wrongType(prefix string, err error) message.FieldError {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return message.FieldError{Path: strings.TrimSuffix(prefix, "."), Rule: "json", Hint: err.Error()}
	}
	want := "a string"
	switch mismatch.Field {
	case "device", "properties":
		want = "an object"
	}
	return message.FieldError{Path: prefix + mismatch.Field, Rule: "type",
		Hint: "must be " + want + ", not a JSON " + mismatch.Value}
}

// maxNativeProps bounds the properties of a message.
const maxNativeProps = 1000

// scalars turns the members of properties into texts; numbers stay as written.
func scalars(prefix string, properties json.RawMessage) (map[string]string, []message.FieldError) {
	if kind := jsonscan.KindOf(properties); kind == jsonscan.Null {
		return nil, nil
	} else if kind != jsonscan.Object {
		_, name, _ := strings.Cut(strings.Replace(kind.String(), "boolean", "bool", 1), " ")
		return nil, []message.FieldError{{Path: strings.TrimSuffix(prefix, "."), Rule: "type",
			Hint: "must be an object, not a JSON " + name}}
	}
	members := map[string]json.RawMessage{}
	for all := jsonscan.Members(properties); all.Next(); {
		if members[all.NameText()] = all.Value; len(members) > maxNativeProps {
			return nil, []message.FieldError{{Path: strings.TrimSuffix(prefix, "."), Rule: "max",
				Hint: "may hold " + strconv.Itoa(maxNativeProps) + " properties at most"}}
		}
	}
	var wrong []message.FieldError
	texts := make(map[string]string, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		raw := members[name]
		value, ok := scalar(raw)
		if string(raw) == "null" {
			continue
		}
		if !ok || !message.ValidProperty(name) || message.HasProperty(texts, name) {
			wrong = append(wrong, message.FieldError{Path: prefix + name, Rule: "property", Hint: rules.Hints["property"]})
			continue
		}
		texts[name] = value
	}
	return texts, wrong
}

func scalar(raw json.RawMessage) (string, bool) {
	switch media.KindOf(raw) {
	case "a string":
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case "a number", "a boolean":
		return string(bytes.TrimSpace(raw)), true
	}
	return "", false
}

func has(object json.RawMessage, member string) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(object, &members) == nil && len(members[member]) > 0
}

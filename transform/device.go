package transform

import (
	"cmp"
	"time"

	"mayfly/transform/media"
	"mayfly/transform/members"
	"mayfly/transform/message"
	"mayfly/transform/rules"
)

// bare is what a request for one device has besides the measurements.
type bare struct {
	DeviceID  string `json:"deviceId" validate:"required,deviceid"`
	ModelID   string `json:"modelId" validate:"omitempty,dtmi"`
	GatewayID string `json:"gatewayId" validate:"omitempty,deviceid"`
	Component string `json:"component" validate:"omitempty,name"`
	MessageID string `json:"messageId" validate:"omitempty,messageid"`
}

// Device reads the bare measurements of one device in any content type: an
// object, a list of objects, or rows with the names of their columns; each is a
// message. The query may add modelId, gatewayId, component, messageId,
// timestamp and fleet; SenML has times of its own. It fails if any of it is wrong.
func (t *Transformer) Device(r *message.Request, deviceID string) (Outcome, error) {
	return strict(t.deviceParts(r, deviceID, &media.Notes{}))
}

// DeviceBatch reads the bare measurements of one device as Device does. Those that are
// wrong, and lines that cannot be read, are Refused; it fails if there is nothing else.
func (t *Transformer) DeviceBatch(r *message.Request, deviceID string) (Outcome, error) {
	return t.deviceParts(r, deviceID, media.SkippingLines())
}

func (t *Transformer) deviceParts(r *message.Request, deviceID string, notes *media.Notes) (Outcome, error) {
	about := bare{
		DeviceID: deviceID, ModelID: r.QueryValue("modelId"), GatewayID: r.QueryValue("gatewayId"),
		Component: r.QueryValue("component"), MessageID: r.QueryValue("messageId"),
	}
	at, timed, wrong := members.Timestamp(r.QueryValue("timestamp"), "")
	if err := t.validate.Struct(&about); err != nil {
		wrong = append(rules.FieldErrors("", err), wrong...)
	}
	if len(wrong) > 0 {
		return Outcome{}, message.InvalidFields(wrong...)
	}
	items, err := media.Measurements(r, notes)
	if err != nil {
		return Outcome{}, err
	}
	if about.MessageID != "" && len(items)+len(notes.Bad) > 1 {
		return Outcome{}, message.InvalidFields(message.FieldError{Path: "messageId", Rule: "single",
			Hint: "names one message, but the body holds several"})
	}
	usual := message.Message{
		DeviceID: deviceID, ModelID: about.ModelID, GatewayID: about.GatewayID, Component: about.Component,
		MessageID: about.MessageID, Fleet: r.QueryValue("fleet"),
	}
	out := Outcome{Messages: make([]message.Message, 0, len(items)), Parts: make([]int, 0, len(items))}
	for i, item := range items {
		m := usual
		if wrong := measured(&m, item, rules.BatchElement(i, len(items), notes.Bad), r.Received); len(wrong) > 0 {
			out.refuse(i, wrong)
			continue
		}
		if timed && item.Time == "" {
			m.SetTime(at, r.Received)
		}
		out.withoutCredentials(&m)
		out.Messages, out.Parts = append(out.Messages, m), append(out.Parts, i)
	}
	out.Notes = append(out.Notes, leftOut(notes)...)
	return out, out.finish(notes.Bad)
}

// measured fills in what a message measures, and when; prefix names the message in a
// batch.
func measured(m *message.Message, item media.Measurement, prefix string, arrival time.Time) []message.FieldError {
	if !media.IsObject(item.Body) {
		path := cmp.Or(prefix, "body.")
		return []message.FieldError{{Path: path[:len(path)-1], Rule: "object",
			Hint: rules.Hints["object"] + ", not " + media.KindOf(item.Body)}}
	}
	m.Body = item.Body
	if item.Time == "" {
		return nil
	}
	own, ok, wrong := members.Timestamp(string(item.Time), prefix)
	if ok {
		m.SetTime(own, arrival)
	}
	return wrong
}

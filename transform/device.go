package transform

import (
	"cmp"

	"mayfly/transform/media"
	"mayfly/transform/message"
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
// timestamp and fleet; SenML has times of its own.
func (t *Transformer) Device(r *message.Request, deviceID string) (Outcome, error) {
	about := bare{
		DeviceID: deviceID, ModelID: r.QueryValue("modelId"), GatewayID: r.QueryValue("gatewayId"),
		Component: r.QueryValue("component"), MessageID: r.QueryValue("messageId"),
	}
	at, timed, wrong := timestamp(r.QueryValue("timestamp"), "")
	if err := t.validate.Struct(&about); err != nil {
		wrong = append(fieldErrors("", err), wrong...)
	}
	if len(wrong) > 0 {
		return Outcome{}, message.InvalidFields(wrong...)
	}
	var notes media.Notes
	items, err := media.Measurements(r, &notes)
	if err != nil {
		return Outcome{}, err
	}
	if about.MessageID != "" && len(items) > 1 {
		return Outcome{}, message.InvalidFields(message.FieldError{Path: "messageId", Rule: "single",
			Hint: "names one message, but the body holds several"})
	}
	messages := make([]message.Message, 0, len(items))
	for i, item := range items {
		if !media.IsObject(item.Body) {
			path := cmp.Or(element(i, len(items)), "body.")
			wrong = append(wrong, message.FieldError{Path: path[:len(path)-1], Rule: "object",
				Hint: hints["object"] + ", not " + media.KindOf(item.Body)})
			continue
		}
		m := message.Message{
			DeviceID: deviceID, ModelID: about.ModelID, GatewayID: about.GatewayID, Component: about.Component,
			MessageID: about.MessageID, Body: item.Body, Fleet: r.QueryValue("fleet"),
		}
		if item.Time != "" {
			own, ok, fault := timestamp(string(item.Time), element(i, len(items)))
			wrong = append(wrong, fault...)
			if ok {
				m.SetTime(own, r.Received)
			}
		} else if timed {
			m.SetTime(at, r.Received)
		}
		messages = append(messages, m)
	}
	if len(wrong) > 0 {
		return Outcome{}, message.InvalidFields(wrong...)
	}
	return Outcome{Messages: messages, Notes: leftOut(&notes)}, nil
}

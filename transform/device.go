package transform

import (
	"cmp"
)

// bare is what a request for one device has besides the measurements.
type bare struct {
	DeviceID  string `json:"deviceId" validate:"required,deviceid"`
	ModelID   string `json:"modelId" validate:"omitempty,dtmi"`
	GatewayID string `json:"gatewayId" validate:"omitempty,deviceid"`
	Component string `json:"component" validate:"omitempty,name"`
	MessageID string `json:"messageId" validate:"omitempty,messageid"`
	Timestamp string `json:"timestamp" validate:"omitempty,timestamp"`
}

// Device reads the bare measurements of one device in any content type: an
// object, a list of objects, or rows with the names of their columns; each is a
// message. The query may add modelId, gatewayId, component, messageId,
// timestamp and fleet; SenML has times of its own.
func (t *Transformer) Device(r *Request, deviceID string) ([]Message, error) {
	about := bare{
		DeviceID: deviceID, ModelID: r.QueryValue("modelId"), GatewayID: r.QueryValue("gatewayId"),
		Component: r.QueryValue("component"), MessageID: r.QueryValue("messageId"), Timestamp: r.QueryValue("timestamp"),
	}
	if err := t.validate.Struct(&about); err != nil {
		return nil, InvalidFields(fieldErrors("", err)...)
	}
	items, err := Measurements(r)
	if err != nil {
		return nil, err
	}
	if about.MessageID != "" && len(items) > 1 {
		return nil, InvalidFields(FieldError{Path: "messageId", Rule: "single",
			Hint: "names one message, but the body holds several"})
	}
	messages := make([]Message, 0, len(items))
	var wrong []FieldError
	for i, item := range items {
		if !IsObject(item.Body) {
			path := cmp.Or(element(i, len(items)), "body.")
			wrong = append(wrong, FieldError{Path: path[:len(path)-1], Rule: "object",
				Hint: hints["object"] + ", not " + KindOf(item.Body)})
			continue
		}
		m := Message{
			DeviceID: deviceID, ModelID: about.ModelID, GatewayID: about.GatewayID, Component: about.Component,
			MessageID: about.MessageID, Time: timestamp([]byte(about.Timestamp)), Body: item.Body, Fleet: r.QueryValue("fleet"),
		}
		if item.Time != "" {
			at, err := ParseTime(string(item.Time))
			if err != nil {
				wrong = append(wrong, FieldError{Path: element(i, len(items)) + "t", Rule: "timestamp", Hint: err.Error()})
				continue
			}
			m.Time = at
		}
		messages = append(messages, m)
	}
	if len(wrong) > 0 {
		return nil, InvalidFields(wrong...)
	}
	return messages, nil
}

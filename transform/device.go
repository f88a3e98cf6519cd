package transform

// bare is what a request for one device says beside the measurements.
type bare struct {
	DeviceID  string `json:"deviceId" validate:"required,deviceid"`
	ModelID   string `json:"modelId" validate:"omitempty,dtmi"`
	GatewayID string `json:"gatewayId" validate:"omitempty,deviceid"`
	Component string `json:"component" validate:"omitempty,name"`
	MessageID string `json:"messageId" validate:"omitempty,messageid"`
	Timestamp string `json:"timestamp" validate:"omitempty,timestamp"`
}

// Device reads the bare measurements of one device: an object, an array of
// objects, or NDJSON; each is a message. The query may add modelId, gatewayId,
// component, messageId and timestamp.
func (t *Transformer) Device(r *Request, deviceID string) ([]Message, error) {
	about := bare{
		DeviceID: deviceID, ModelID: r.query("modelId"), GatewayID: r.query("gatewayId"),
		Component: r.query("component"), MessageID: r.query("messageId"), Timestamp: r.query("timestamp"),
	}
	if err := t.validate.Struct(&about); err != nil {
		return nil, invalid(fieldErrors("", err)...)
	}
	items, err := jsonValues(r)
	if err != nil {
		return nil, err
	}
	if about.MessageID != "" && len(items) > 1 {
		return nil, invalid(FieldError{Path: "messageId", Rule: "single", Hint: "names one message, but the body holds several"})
	}
	messages := make([]Message, 0, len(items))
	var wrong []FieldError
	for i, item := range items {
		if !isObject(item) {
			path := or(element(i, len(items)), "body.")
			wrong = append(wrong, FieldError{Path: path[:len(path)-1], Rule: "object", Hint: hints["object"] + ", not " + kindOf(item)})
			continue
		}
		messages = append(messages, Message{
			DeviceID: deviceID, ModelID: about.ModelID, GatewayID: about.GatewayID, Component: about.Component,
			MessageID: about.MessageID, Time: timestamp([]byte(about.Timestamp)), Body: item,
		})
	}
	if len(wrong) > 0 {
		return nil, invalid(wrong[:min(len(wrong), mostFieldErrors)]...)
	}
	return messages, nil
}

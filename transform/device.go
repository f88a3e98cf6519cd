package transform

import (
	"cmp"
	"encoding/json"
)

// bare is what a request for one device says beside the measurements.
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
		DeviceID: deviceID, ModelID: r.query("modelId"), GatewayID: r.query("gatewayId"),
		Component: r.query("component"), MessageID: r.query("messageId"), Timestamp: r.query("timestamp"),
	}
	if err := t.validate.Struct(&about); err != nil {
		return nil, invalid(fieldErrors("", err)...)
	}
	items, err := deviceItems(r)
	if err != nil {
		return nil, err
	}
	if about.MessageID != "" && len(items) > 1 {
		return nil, invalid(FieldError{Path: "messageId", Rule: "single", Hint: "names one message, but the body holds several"})
	}
	messages := make([]Message, 0, len(items))
	var wrong []FieldError
	for i, item := range items {
		if !isObject(item.body) {
			path := cmp.Or(element(i, len(items)), "body.")
			wrong = append(wrong, FieldError{Path: path[:len(path)-1], Rule: "object", Hint: hints["object"] + ", not " + kindOf(item.body)})
			continue
		}
		m := Message{
			DeviceID: deviceID, ModelID: about.ModelID, GatewayID: about.GatewayID, Component: about.Component,
			MessageID: about.MessageID, Time: timestamp([]byte(about.Timestamp)), Body: item.body, Fleet: r.query("fleet"),
		}
		if item.time != "" {
			at, err := parseTime(string(item.time))
			if err != nil {
				wrong = append(wrong, FieldError{Path: element(i, len(items)) + "t", Rule: "timestamp", Hint: err.Error()})
				continue
			}
			m.Time = at
		}
		messages = append(messages, m)
	}
	if len(wrong) > 0 {
		return nil, invalid(wrong[:min(len(wrong), mostFieldErrors)]...)
	}
	return messages, nil
}

// deviceItem is the body of one message, and its time where the format has one.
type deviceItem struct {
	body json.RawMessage
	time json.Number
}

// deviceItems cuts a body into measurements. JSON passes through as it is.
func deviceItems(r *Request) ([]deviceItem, error) {
	m, err := mediaOf(r)
	if err != nil {
		return nil, err
	}
	format, err := m.format(r.Body)
	if err != nil {
		return nil, err
	}
	switch format {
	case FormatJSON, FormatNDJSON:
		return jsonMeasurements(r)
	case FormatSenML, FormatSenMLCBOR:
		return senMLMeasurements(r, format)
	default:
	}
	value, err := decodeAs(r, reading{})
	if err != nil {
		return nil, err
	}
	list, many := value.([]any)
	if !many {
		list = []any{value}
	}
	if err := checkCount(len(list)); err != nil {
		return nil, err
	}
	items := make([]deviceItem, len(list))
	for i, value := range list {
		object, ok := value.(map[string]any)
		switch {
		case !ok && format == FormatCSV:
			return nil, &Error{Kind: Invalid, Detail: "the columns have no names; add a first row with them, or ?columns=temperature,humidity to the URL"}
		case !ok && (format == FormatText || format == FormatBytes):
			return nil, &Error{Kind: Unsupported, Detail: "media type " + quote(m.name) + " is not read here; send application/json"}
		case format == FormatForm || format == FormatMultipart:
			numbered(object)
		}
		if items[i].body, err = marshal(value); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func jsonMeasurements(r *Request) ([]deviceItem, error) {
	values, err := jsonValues(r)
	if err != nil {
		return nil, err
	}
	items := make([]deviceItem, len(values))
	for i, value := range values {
		items[i].body = value
	}
	return items, nil
}

func senMLMeasurements(r *Request, format Format) ([]deviceItem, error) {
	records, err := senMLRecords(r.Body, format == FormatSenMLCBOR, r.Received)
	if err != nil {
		return nil, err
	}
	list := byTime(records)
	if err := checkCount(len(list)); err != nil {
		return nil, err
	}
	items := make([]deviceItem, len(list))
	for i, m := range list {
		body, err := marshal(m.values)
		if err != nil {
			return nil, err
		}
		items[i] = deviceItem{body, m.time}
	}
	return items, nil
}

// numbered makes numbers and booleans of the texts of a form that are such.
func numbered(form map[string]any) {
	for name, value := range form {
		switch value := value.(type) {
		case string:
			form[name] = typed(value)
		case []any:
			for i := range value {
				if text, ok := value[i].(string); ok {
					value[i] = typed(text)
				}
			}
		}
	}
}

func typed(text string) any {
	if text == "true" || text == "false" {
		return text == "true"
	}
	if n, ok := numeric(text); ok {
		return n
	}
	return text
}

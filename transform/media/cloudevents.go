package media

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"mayfly/transform/message"
)

// CloudEvents 1.0 (cloudevents/spec, bindings/http-protocol-binding.md and
// formats/json-format.md). In every mode an event becomes one object: its
// attributes and extensions by name, and data. Data that came as bytes is decoded
// as its datacontenttype says; data_base64 stays, too.

// cloudEventBinary reads an event whose attributes are headers.
func cloudEventBinary(r *message.Request, how Reading) (any, error) {
	event := map[string]any{}
	for name, values := range r.Header {
		attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !ok || attribute == "" || attribute == "data" || len(values) == 0 {
			continue
		}
		text := values[0]
		// Spaces, quotes, % and what is not ASCII are percent-encoded there.
		if decoded, err := url.PathUnescape(text); err == nil {
			text = strings.ToValidUTF8(decoded, "\ufffd")
		}
		event[attribute] = text
	}
	if kind := r.HeaderValue("Content-Type"); kind != "" {
		event["datacontenttype"] = kind
	}
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return event, nil
	}
	data, err := eventData(r, how)
	if err != nil {
		return nil, err
	}
	event["data"] = data
	return event, nil
}

// eventData decodes what an event carries. An event in an event is left alone.
func eventData(r *message.Request, how Reading) (any, error) {
	kind, err := mediaOf(r)
	if err != nil {
		return nil, err
	}
	format, err := kind.format(r.Body)
	if err != nil {
		return decodeBody(r, kind, FormatBytes, how)
	}
	if format == FormatCloudEvent {
		format = FormatJSON
	}
	return decodeBody(r, kind, format, how)
}

// cloudEventStructured reads an event, or a batch of them, that is JSON.
func cloudEventStructured(body []byte, received time.Time) (any, error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 1 && trimmed[0] == '[' && len(bytes.TrimSpace(trimmed[1:])) == 1 {
		return []any{}, nil // a batch may be empty
	}
	value, err := decodeJSON(body, false)
	if err != nil {
		return nil, err
	}
	events, batch := value.([]any)
	if !batch {
		events = []any{value}
	}
	for _, item := range events {
		event, ok := item.(map[string]any)
		if !ok {
			return nil, message.Invalidf("a CloudEvent is an object, not %s", message.TypeName(item))
		}
		encoded, ok := event["data_base64"].(string)
		if !ok || event["data"] != nil {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, message.Malformedf("data_base64: %v", err)
		}
		kind, _ := event["datacontenttype"].(string)
		inner := &message.Request{Header: map[string][]string{"Content-Type": {kind}}, Body: raw, Received: received}
		if event["data"], err = eventData(inner, Reading{}); err != nil {
			return nil, err
		}
	}
	return value, nil
}

package media

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"

	"mayfly/transform/message"
)

// CloudEvents 1.0 (cloudevents/spec, bindings/http-protocol-binding.md and
// formats/json-format.md). An event becomes one object, the same in every mode: its
// attributes and extensions by name, and data, which is decoded as its datacontenttype
// says, whether it came as the body, as data_base64 or as a text in JSON. Data that stays
// bytes is base64, and data_base64 is there, too.

const cloudEventType = "application/cloudevents"

// isBinaryEvent tells whether the attributes of an event are headers. The media type of a
// structured one comes first.
func isBinaryEvent(r *message.Request) bool {
	return r.HeaderValue("Ce-Specversion") != "" &&
		!strings.HasPrefix(strings.ToLower(r.HeaderValue("Content-Type")), cloudEventType)
}

// cloudEventBinary reads an event whose attributes are headers.
func cloudEventBinary(r *message.Request, how Reading) (any, error) {
	event := map[string]any{}
	for name, values := range r.Header {
		attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !ok || attribute == "" || attribute == "data" || attribute == "data_base64" || len(values) == 0 {
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
	return event, setEventData(event, r, how)
}

// setEventData decodes what an event carries. An event in an event is left alone.
func setEventData(event map[string]any, r *message.Request, how Reading) error {
	r, kind, err := readable(r)
	if err != nil {
		return err
	}
	format, err := kind.format(r.Body)
	switch {
	case err != nil: // a type that nobody reads
		format = FormatBytes
	case format == FormatCloudEvent:
		format = FormatJSON
	}
	data, err := decodeBody(r, kind, format, how)
	if err != nil {
		return err
	}
	delete(event, "data_base64")
	if event["data"] = data; format == FormatBytes {
		event["data_base64"] = data
	}
	return nil
}

// cloudEventStructured reads an event, or a batch of them, that is JSON.
func cloudEventStructured(r *message.Request, body []byte, how Reading) (any, error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 1 && trimmed[0] == '[' && len(bytes.TrimSpace(trimmed[1:])) == 1 {
		return []any{}, nil // a batch may be empty
	}
	value, err := decodeJSON(body, false, budgetOf(r, how.Notes))
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
		raw, carried, err := carriedData(event)
		if err != nil {
			return nil, err
		}
		if !carried {
			continue
		}
		kind, _ := event["datacontenttype"].(string)
		inner := &message.Request{
			Path: r.Path, Query: r.Query, Header: map[string][]string{"Content-Type": {kind}}, Body: raw, Received: r.Received,
		}
		if err := setEventData(event, inner.Within(r), how); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// carriedData gives the bytes of data that is not JSON in an event that is: data_base64, or
// a text where datacontenttype names another format (formats/json-format.md section 3.1).
func carriedData(event map[string]any) (raw []byte, carried bool, err error) {
	data := event["data"]
	if encoded, ok := event["data_base64"].(string); ok && data == nil {
		raw, err := decodeBase64(encoded)
		if err != nil {
			return nil, false, message.Malformedf("data_base64: %v", err)
		}
		return raw, len(raw) > 0, nil
	}
	content, isText := data.(string)
	kind, _ := event["datacontenttype"].(string)
	if !isText || kind == "" || content == "" {
		return nil, false, nil
	}
	name, _, _ := strings.Cut(strings.ToLower(kind), ";")
	switch (mediaType{name: strings.TrimSpace(name)}).known() {
	case FormatJSON, FormatCloudEvent:
		return nil, false, nil
	default:
		return []byte(content), true, nil
	}
}

// decodeBase64 reads base64 in its standard or its URL alphabet, padded or not.
func decodeBase64(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	return base64.RawStdEncoding.DecodeString(text)
}

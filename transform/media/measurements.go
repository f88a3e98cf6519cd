package media

import (
	"encoding/json"

	"mayfly/transform/message"
)

// Measurement is what a message of bare measurements has.
type Measurement struct {
	Body json.RawMessage
	Time json.Number // in seconds since 1970; empty where the format has none
}

// Measurements cuts a body into messages of bare measurements. JSON passes through
// as it is.
func Measurements(r *message.Request, notes *Notes) ([]Measurement, error) {
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
		return jsonMeasurements(r, notes)
	case FormatSenML, FormatSenMLCBOR:
		return senMLMeasurements(r, format)
	default:
	}
	value, err := Decode(r, Reading{Notes: notes})
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
	items := make([]Measurement, len(list))
	for i, value := range list {
		object, ok := value.(map[string]any)
		switch {
		case !ok && format == FormatCSV:
			return nil, message.Invalidf("the columns have no names; " +
				"add a first row with them, or ?columns=temperature,humidity to the URL")
		case !ok && (format == FormatText || format == FormatBytes):
			return nil, m.unsupported()
		case format == FormatForm || format == FormatMultipart:
			numbered(object)
		}
		if items[i].Body, err = marshal(r, value); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func jsonMeasurements(r *message.Request, notes *Notes) ([]Measurement, error) {
	values, err := JSONValues(r, notes)
	if err != nil {
		return nil, err
	}
	items := make([]Measurement, len(values))
	for i, value := range values {
		items[i].Body = value
	}
	return items, nil
}

func senMLMeasurements(r *message.Request, format Format) ([]Measurement, error) {
	if r.Replaced && !format.isText() {
		return nil, message.ErrReplaced
	}
	records, err := senMLRecords(r, format == FormatSenMLCBOR)
	if err != nil {
		return nil, err
	}
	list := byTime(records)
	if err := checkCount(len(list)); err != nil {
		return nil, err
	}
	items := make([]Measurement, len(list))
	for i, m := range list {
		body, err := marshal(r, m.values)
		if err != nil {
			return nil, err
		}
		items[i] = Measurement{body, m.time}
	}
	return items, nil
}

// marshal writes the body of a message. A name that stands in the body once may be in
// all of its messages.
func marshal(r *message.Request, value any) ([]byte, error) {
	text, err := message.Marshal(value)
	if err != nil {
		return nil, err
	}
	return text, r.Meter().Message(len(text))
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
	if n, ok := message.ParseNumber(text); ok {
		return n
	}
	return text
}

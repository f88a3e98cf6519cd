package media

import (
	"encoding/json"
	"maps"
	"slices"

	"mayfly/transform/media/nonfinite"
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
	r, m, err := readable(r)
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
		return senMLMeasurements(r, format, notes)
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
			numbered(object, notes)
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

func senMLMeasurements(r *message.Request, format Format, notes *Notes) ([]Measurement, error) {
	if r.Replaced && !format.isText() {
		return nil, message.ErrReplaced
	}
	records, err := senMLRecords(r, format == FormatSenMLCBOR, notes)
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

// numbered makes numbers and booleans of the texts of a form that are such, and leaves out
// those that stand for no number.
func numbered(form map[string]any, notes *Notes) {
	for _, name := range slices.Sorted(maps.Keys(form)) {
		switch value := form[name].(type) {
		case string:
			if nonfinite.IsNonFinite(value) {
				notes.add(message.Shorten(name) + " is " + value + " and was left out")
				delete(form, name)
				continue
			}
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

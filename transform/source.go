package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/itchyny/gojq"
)

// defaultPatience is how long the least patient senders wait: ChirpStack and The
// Things Stack.
const defaultPatience = 5 * time.Second

// Source maps what one kind of sender sends.
type Source struct {
	Definition
	validate *validator.Validate

	detect, ignore, each                               *expression
	deviceID, modelID, gatewayID, component, messageID *expression
	timestamp, payload, port, measurements, profile    *expression
	properties                                         []property
}

type property struct {
	name  string
	value *expression
}

// compile makes a source of its definition, or tells all that is wrong with it.
func compile(v *validator.Validate, d *Definition) (*Source, error) {
	s := &Source{Definition: *d, validate: v}
	if s.Patience == 0 {
		s.Patience = defaultPatience
	}
	var wrong []error
	for _, e := range []struct {
		field string
		text  Expr
		into  **expression
	}{
		{"detect", d.Detect, &s.detect}, {"ignore", d.Ignore, &s.ignore}, {"each", d.Each, &s.each},
		{"deviceId", d.DeviceID, &s.deviceID}, {"modelId", d.ModelID, &s.modelID}, {"gatewayId", d.GatewayID, &s.gatewayID},
		{"component", d.Component, &s.component}, {"messageId", d.MessageID, &s.messageID}, {"timestamp", d.Timestamp, &s.timestamp},
		{"payload", d.Payload, &s.payload}, {"port", d.Port, &s.port}, {"measurements", d.Measurements, &s.measurements},
		{"profile", d.Profile, &s.profile},
	} {
		compiled, err := newExpression(e.field, e.text.Text)
		wrong = append(wrong, err)
		*e.into = compiled
	}
	for name, text := range d.Properties {
		compiled, err := newExpression("properties."+name, text.Text)
		if !validProperty(name) {
			err = fmt.Errorf("properties: %q is no property name", name)
		}
		wrong = append(wrong, err)
		s.properties = append(s.properties, property{name, compiled})
	}
	slices.SortFunc(s.properties, func(a, b property) int { return strings.Compare(a.name, b.name) })
	if s.deviceID == nil {
		wrong = append(wrong, errors.New("deviceId is missing"))
	}
	if s.measurements == nil && s.payload == nil {
		wrong = append(wrong, errors.New("measurements or payload is missing"))
	}
	return s, errors.Join(wrong...)
}

// Outcome is what a request to a source comes to.
type Outcome struct {
	Messages []Message
	Ignored  int // parts that are no telemetry
}

// Map reads a request of this source's sender.
func (s *Source) Map(ctx context.Context, r *Request) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, mostMapping)
	defer cancel()
	body, err := decode(r)
	if err != nil {
		return Outcome{}, err
	}
	run := &run{ctx: ctx, request: r.value()}
	parts, err := run.all(s.each, body)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	var wrong []FieldError
	for i, part := range parts {
		if ignored, err := run.truth(s.ignore, part); err != nil {
			return Outcome{}, err
		} else if ignored {
			out.Ignored++
			continue
		}
		message, err := s.message(run, part)
		var fields *Error
		if errors.As(err, &fields) && len(fields.Fields) > 0 {
			for _, f := range fields.Fields {
				f.Path = element(i, len(parts)) + f.Path
				wrong = append(wrong, f)
			}
			continue
		}
		if err != nil {
			return Outcome{}, err
		}
		out.Messages = append(out.Messages, message)
	}
	if len(wrong) > 0 {
		return Outcome{}, invalid(wrong[:min(len(wrong), mostFieldErrors)]...)
	}
	return out, nil
}

// mapped holds the texts that a mapping made, for the validator.
type mapped struct {
	DeviceID  string `json:"deviceId" validate:"required,deviceid"`
	ModelID   string `json:"modelId" validate:"omitempty,dtmi"`
	GatewayID string `json:"gatewayId" validate:"omitempty,deviceid"`
	Component string `json:"component" validate:"omitempty,name"`
}

func (s *Source) message(run *run, part any) (Message, error) {
	var m Message
	var texts mapped
	for _, e := range []struct {
		from *expression
		into *string
	}{
		{s.deviceID, &texts.DeviceID}, {s.modelID, &texts.ModelID}, {s.gatewayID, &texts.GatewayID},
		{s.component, &texts.Component}, {s.messageID, &m.MessageID},
	} {
		value, err := run.text(e.from, part)
		if err != nil {
			return m, err
		}
		*e.into = value
	}
	if err := s.validate.Struct(&texts); err != nil {
		fields := fieldErrors("", err)
		for i := range fields {
			fields[i].Hint += s.said(fields[i].Path, texts)
		}
		return m, invalid(fields...)
	}
	m.DeviceID, m.ModelID, m.GatewayID, m.Component = texts.DeviceID, texts.ModelID, texts.GatewayID, texts.Component
	if !ValidMessageID(m.MessageID) {
		m.MessageID = "" // the hub would refuse it; ours is made of the content
	}
	var err error
	if m.Time, err = run.time(s.timestamp, part); err != nil {
		return m, err
	}
	if m.Body, err = s.body(run, part); err != nil {
		return m, err
	}
	m.Properties, err = s.props(run, part)
	return m, err
}

// said names the expression of a field that is wrong, and what it gave.
func (s *Source) said(field string, texts mapped) string {
	switch field {
	case "deviceId":
		return s.deviceID.gave(texts.DeviceID)
	case "modelId":
		return s.modelID.gave(texts.ModelID)
	case "gatewayId":
		return s.gatewayID.gave(texts.GatewayID)
	default:
		return s.component.gave(texts.Component)
	}
}

// body gives the measurements: what the sender decoded, else the payload as it
// came. An uplink that nobody decoded is never dropped.
func (s *Source) body(run *run, part any) ([]byte, error) {
	value, err := run.one(s.measurements, part)
	if err != nil {
		return nil, err
	}
	if object, ok := value.(map[string]any); ok && (len(object) > 0 || s.payload == nil) {
		return marshal(object)
	} else if value != nil && !ok {
		return nil, s.measurements.wrong("must give an object, not "+typeName(value), value)
	}
	if s.payload == nil {
		return nil, s.measurements.wrong("gave no measurements", value)
	}
	payload, err := run.one(s.payload, part)
	if err != nil {
		return nil, err
	}
	bytes, ok := payload.(string)
	if !ok && payload != nil {
		return nil, s.payload.wrong("must give bytes, not "+typeName(payload), payload)
	}
	undecoded := map[string]any{"payload": fmt.Sprintf("%x", bytes)}
	port, err := run.one(s.port, part)
	if err != nil {
		return nil, err
	}
	if port != nil {
		undecoded["fPort"] = port
	}
	return marshal(undecoded)
}

func (s *Source) props(run *run, part any) (map[string]string, error) {
	var props map[string]string
	for _, p := range s.properties {
		value, err := run.text(p.value, part)
		if err != nil {
			return nil, err
		}
		if value == "" {
			continue
		}
		if props == nil {
			props = make(map[string]string, len(s.properties))
		}
		props[p.name] = value
	}
	return props, nil
}

func marshal(value any) ([]byte, error) {
	text, err := gojq.Marshal(value)
	if err != nil {
		return nil, &Error{Kind: Invalid, Detail: "the measurements cannot be written as JSON: " + err.Error()}
	}
	return text, nil
}

// decode reads a body into the value that jq sees. Numbers keep their digits.
func decode(r *Request) (any, error) {
	items, err := jsonValues(r)
	if err != nil {
		return nil, err
	}
	read := func(item json.RawMessage) (any, error) {
		decoder := json.NewDecoder(strings.NewReader(string(item)))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, syntaxError(item, 0, err)
		}
		return value, nil
	}
	if len(items) == 1 && !strings.HasPrefix(strings.TrimLeft(string(r.Body[:min(len(r.Body), 64)]), "\xef\xbb\xbf \t\r\n"), "[") {
		return read(items[0])
	}
	list := make([]any, len(items))
	for i, item := range items {
		if list[i], err = read(item); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// value is the request as jq sees it.
func (r *Request) value() map[string]any {
	query, headers := map[string]any{}, map[string]any{}
	for name := range r.Query {
		query[name] = r.query(name)
	}
	for name := range r.Header {
		headers[strings.ToLower(name)] = r.header(name)
	}
	return map[string]any{"method": or(r.Method, "POST"), "path": r.Path, "query": query, "headers": headers}
}

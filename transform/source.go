package transform

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// defaultPatience is how long the least patient senders wait: ChirpStack and The
// Things Stack.
const defaultPatience = 5 * time.Second

// Source maps what one kind of sender sends.
type Source struct {
	Definition
	validate *rules

	detect, ignore, each                               *expression
	deviceID, modelID, gatewayID, component, messageID *expression
	secretID                                           *expression
	timestamp, payload, port, measurements, also       *expression
	profile, fleet                                     *expression
	let, properties                                    []named
	codecs                                             *codecs // nil without any
}

// named is an expression of a let or a property.
type named struct {
	name  string
	value *expression
}

// compile makes a source of its definition, or tells all that is wrong with it.
func compile(v *rules, l *language, d *Definition) (*Source, error) {
	s := &Source{Definition: *d, validate: v}
	if s.Patience == 0 {
		s.Patience = defaultPatience
	}
	var faults Faults
	add := func(f *Fault) {
		if f != nil {
			f.File, f.Source = cmp.Or(f.File, d.File), d.Name
			faults = append(faults, f)
		}
	}
	for _, f := range d.check() {
		add(f)
	}
	made, found := codecsOf(d)
	s.codecs = made
	for _, f := range found {
		add(f)
	}
	var vars []string
	for _, name := range slices.Sorted(maps.Keys(d.Let)) {
		compiled, fault := l.compile("let."+name, d.Let[name], slices.Clone(vars)) // those before it are there already
		if !variableName().MatchString(name) || name == "request" {
			fault = faultAt("let", d.Let[name], 0, quote(name)+" is no name of a variable; want letters, digits and _")
		} else {
			vars = append(vars, "$"+name)
		}
		add(fault)
		s.let = append(s.let, named{name, compiled})
	}
	for _, e := range []struct {
		field string
		text  Expr
		vars  []string
		into  **expression
	}{
		{"detect", d.Detect, nil, &s.detect}, {"ignore", d.Ignore, nil, &s.ignore}, {"each", d.Each, nil, &s.each},
		{"deviceId", d.DeviceID, vars, &s.deviceID}, {"modelId", d.ModelID, vars, &s.modelID}, {"gatewayId", d.GatewayID, vars, &s.gatewayID},
		{"component", d.Component, vars, &s.component}, {"messageId", d.MessageID, vars, &s.messageID}, {"timestamp", d.Timestamp, vars, &s.timestamp},
		{"payload", d.Payload, vars, &s.payload}, {"port", d.Port, vars, &s.port}, {"measurements", d.Measurements, vars, &s.measurements},
		{"also", d.Also, vars, &s.also}, {"profile", d.Profile, vars, &s.profile}, {"fleet", d.Fleet, vars, &s.fleet}, {"secretId", d.SecretID, vars, &s.secretID},
	} {
		compiled, fault := l.compile(e.field, e.text, e.vars)
		add(fault)
		*e.into = compiled
	}
	for _, name := range slices.Sorted(maps.Keys(d.Properties)) {
		compiled, fault := l.compile("properties."+name, d.Properties[name], vars)
		if !validProperty(name) {
			fault = faultAt("properties", d.Properties[name], 0, quote(name)+" is no property name")
		}
		add(fault)
		s.properties = append(s.properties, named{name, compiled})
	}
	return s, faults.orNil()
}

var variableName = lazy(`^[A-Za-z_][A-Za-z0-9_]*$`)

// check tells what is wrong with a definition beside its expressions.
func (d *Definition) check() Faults {
	var faults Faults
	fault := func(field, problem string) { faults = append(faults, &Fault{Field: field, Problem: problem}) }
	if !sourceName().MatchString(d.Name) {
		fault("name", quote(d.Name)+" is no name of a source: want lower-case letters, digits and hyphens; it becomes part of the URL")
	}
	if d.DeviceID.IsZero() {
		fault("deviceId", "is missing")
	}
	if d.Measurements.IsZero() && d.Payload.IsZero() {
		fault("measurements", "is missing, and so is payload: one of them is needed")
	}
	if d.OnReject != "" && d.OnReject != "accept" {
		fault("onReject", quote(d.OnReject)+" is not known: want accept, or leave it out")
	}
	if d.Units != "" && d.Units != UnitsImperial && d.Units != UnitsSI {
		fault("units", quote(string(d.Units))+" is not known: want imperial or si")
	}
	if d.Patience < 0 {
		fault("patience", "must not be negative")
	}
	for _, m := range d.Methods {
		if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, m) {
			fault("methods", quote(m)+" is not known: want GET, POST, PUT, PATCH or DELETE")
		}
	}
	if d.Answer.Status != 0 && (d.Answer.Status < 200 || d.Answer.Status > 299) {
		fault("answer", "status must be from 200 to 299")
	}
	return faults
}

var sourceName = lazy(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Outcome is what a request to a source comes to.
type Outcome struct {
	Messages []Message
	Ignored  int // parts that are no telemetry
	Notes    []Note
}

// Map reads a request of this source's sender.
func (s *Source) Map(ctx context.Context, r *Request) (Outcome, error) {
	body, err := s.decode(r)
	if err != nil {
		return Outcome{}, err
	}
	run := newRun(ctx, r)
	run.received = r.Received
	defer run.done()
	return s.mapBody(run, r, body)
}

// decode reads the body. A request without one has its content in the query.
func (s *Source) decode(r *Request) (any, error) {
	if len(bytes.TrimSpace(r.Body)) == 0 && len(r.Query) > 0 {
		content := make(map[string]any, len(r.Query))
		for name, values := range r.Query {
			for _, value := range values {
				addField(content, strings.ToValidUTF8(name, "?"), strings.ToValidUTF8(value, "?"))
			}
		}
		return content, nil
	}
	how := reading{format: s.Format, csv: s.CSV}
	if how.format == FormatSenML && strings.Contains(strings.ToLower(r.header("Content-Type")), "cbor") {
		how.format = FormatSenMLCBOR
	}
	return decodeAs(r, how)
}

func (s *Source) mapBody(run *run, r *Request, body any) (Outcome, error) {
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
		message, err := s.message(run, r, part)
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
	out.Notes = run.notes
	return out, nil
}

// mapped holds the texts that a mapping made, for the validator.
type mapped struct {
	DeviceID  string `json:"deviceId" validate:"required,deviceid"`
	ModelID   string `json:"modelId" validate:"omitempty,dtmi"`
	GatewayID string `json:"gatewayId" validate:"omitempty,deviceid"`
	Component string `json:"component" validate:"omitempty,name"`
}

func (s *Source) message(run *run, r *Request, part any) (Message, error) {
	var m Message
	run.vars = run.vars[:1]
	for i, l := range s.let {
		value, err := run.one(l.value, part)
		if err != nil {
			return m, err
		}
		run.vars = run.vars[:1+i] // without what a plan has bound
		run.vars = append(run.vars, value)
	}
	var texts mapped
	for _, e := range []struct {
		from *expression
		into *string
	}{
		{s.deviceID, &texts.DeviceID}, {s.modelID, &texts.ModelID}, {s.gatewayID, &texts.GatewayID},
		{s.component, &texts.Component}, {s.messageID, &m.MessageID}, {s.fleet, &m.Fleet},
	} {
		value, err := run.text(e.from, part)
		if err != nil {
			return m, err
		}
		*e.into = value
	}
	var err error
	if m.SecretID, err = run.truth(s.secretID, part); err != nil {
		return m, err
	}
	if err := s.validate.Struct(&texts); err != nil {
		fields := fieldErrors("", err)
		for i := range fields {
			if !m.SecretID {
				fields[i].Hint += s.said(fields[i].Path, texts)
			}
		}
		return m, invalid(fields...)
	}
	m.DeviceID, m.ModelID, m.GatewayID, m.Component = texts.DeviceID, texts.ModelID, texts.GatewayID, texts.Component
	if !ValidMessageID(m.MessageID) {
		m.MessageID = "" // the hub would refuse it; ours is made of the content
	}
	if m.Time, err = run.time(s.timestamp, part); err != nil {
		return m, err
	}
	run.message = &m
	if m.Body, err = s.body(run, r, part); err != nil {
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

func marshal(value any) ([]byte, error) {
	text, err := gojq.Marshal(value)
	if err != nil {
		return nil, &Error{Kind: Invalid, Detail: "the measurements cannot be written as JSON: " + err.Error()}
	}
	return text, nil
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
	return map[string]any{"method": cmp.Or(r.Method, "POST"), "path": r.Path, "query": query, "headers": headers}
}

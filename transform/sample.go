package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// Prove runs a sample and gives the messages that came out, and those that the
// sample promises.
func (s *Source) Prove(ctx context.Context, sample Sample) (got, want []SampleMessage, err error) {
	out, err := s.Map(ctx, sample.Request.Request(s.Name))
	if err != nil {
		return nil, nil, err
	}
	got = make([]SampleMessage, len(out.Messages))
	for i := range out.Messages {
		got[i] = sampleOf(&out.Messages[i])
	}
	want = make([]SampleMessage, len(sample.Messages))
	for i, m := range sample.Messages {
		if m.Body, err = canonical(m.Body); err != nil {
			return nil, nil, fmt.Errorf("body of message %d: %w", i, err)
		}
		want[i] = m
	}
	return got, want, nil
}

// CodecFaults tells what the codecs of the source had against a sample. They are not
// wrong as such: the sample may be there to show it.
func (s *Source) CodecFaults(ctx context.Context, sample Sample) message.Faults {
	if s.codecs == nil {
		return nil
	}
	out, err := s.Map(ctx, sample.Request.Request(s.Name))
	if err != nil {
		return nil // Prove tells
	}
	var faults message.Faults
	for _, note := range out.Notes {
		if note.Kind == NoteCodecFailed || note.Kind == NoteCodecError {
			f := &message.Fault{Sample: sample.Name, Field: s.sampleField(sample), Problem: note.String()}
			s.own(f)
			faults = append(faults, f)
		}
	}
	return faults
}

// sampleField gives the member that a sample is.
func (s *Source) sampleField(sample Sample) string {
	for i := range s.Samples {
		if s.Samples[i].Name == sample.Name && s.Samples[i].Request.Body == sample.Request.Body {
			return fmt.Sprintf("samples[%d]", i)
		}
	}
	return ""
}

// Request gives the request that the sample describes.
func (r SampleRequest) Request(source string) *message.Request {
	out := &message.Request{Method: cmp.Or(r.Method, "POST"), Path: cmp.Or(r.Path, "/api/"+source), Query: map[string][]string{},
		Header: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte(r.Body)}
	for name, value := range r.Query {
		out.Query[name] = []string{value}
	}
	for name, value := range r.Headers {
		out.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	}
	return out
}

func sampleOf(m *message.Message) SampleMessage {
	out := SampleMessage{DeviceID: m.DeviceID, ModelID: m.ModelID, GatewayID: m.GatewayID, Component: m.Component,
		MessageID: m.MessageID, Body: string(m.Body), Properties: m.Properties}
	if !m.Time.IsZero() {
		out.Time = message.FormatTime(m.Time)
	}
	return out
}

// canonical writes JSON as a mapping does: sorted members, digits as they are.
func canonical(text string) (string, error) {
	value, err := media.Decode(&message.Request{Body: []byte(text)}, media.Reading{})
	if err != nil {
		return "", err
	}
	out, err := message.Marshal(value)
	return string(out), err
}

// Differences tells, a line each, in what the messages of a sample are not what it
// promises. What a promise leaves out (time, message id, properties, ...) is not
// looked at, unless all is.
func Differences(got, want []SampleMessage, all bool) []string {
	var lines []string
	for i := range max(len(got), len(want)) {
		prefix := element(i, max(len(got), len(want)))
		switch {
		case i >= len(got):
			lines = append(lines, fmt.Sprintf("%smessage is missing: want %s %s", prefix, want[i].DeviceID, want[i].Body))
			continue
		case i >= len(want):
			lines = append(lines, fmt.Sprintf("%smessage is one too many: got %s %s", prefix, got[i].DeviceID, got[i].Body))
			continue
		}
		for _, f := range []struct{ name, got, want string }{
			{"deviceId", got[i].DeviceID, want[i].DeviceID}, {"modelId", got[i].ModelID, want[i].ModelID},
			{"gatewayId", got[i].GatewayID, want[i].GatewayID}, {"component", got[i].Component, want[i].Component},
			{"time", got[i].Time, want[i].Time}, {"messageId", got[i].MessageID, want[i].MessageID},
			{"body", got[i].Body, want[i].Body},
		} {
			if f.got != f.want && (f.want != "" || all) {
				lines = append(lines, fmt.Sprintf("%s%s: want %s, got %s", prefix, f.name, orNothing(f.want), orNothing(f.got)))
			}
		}
		if want[i].Properties == nil && !all {
			continue
		}
		names := slices.Sorted(maps.Keys(over(got[i].Properties, want[i].Properties)))
		for _, name := range names {
			if g, w := got[i].Properties[name], want[i].Properties[name]; g != w {
				lines = append(lines, fmt.Sprintf("%sproperties.%s: want %s, got %s", prefix, name, orNothing(w), orNothing(g)))
			}
		}
	}
	return lines
}

func orNothing(text string) string { return cmp.Or(text, "nothing") }

// SampleFault makes faults of the error that a sample met: each points at the
// Expression that is wrong.
func (s *Source) SampleFault(sample Sample, err error) message.Faults {
	var ours *message.Error
	if !errors.As(err, &ours) || len(ours.Fields) == 0 {
		f := &message.Fault{Sample: sample.Name, Field: s.sampleField(sample), Problem: err.Error()}
		s.own(f)
		return message.Faults{f}
	}
	faults := make(message.Faults, len(ours.Fields))
	for i, f := range ours.Fields {
		field := f.Path[strings.LastIndex(f.Path, "].")+1:]
		field = strings.TrimPrefix(field, ".")
		if f.Rule == ruleEnvelope {
			field = f.Rule
		}
		at := s.at(field)
		faults[i] = &message.Fault{
			File: at.File, Line: at.Line, Column: at.Column, Sample: sample.Name, Field: field, Problem: f.Hint,
		}
		s.own(faults[i])
	}
	return faults
}

// at gives the expression of a field.
func (s *Source) at(field string) mapping.Expr {
	d := s.Definition
	for _, f := range fields(&d, &expressions{}) {
		if f.name == field {
			return *f.text
		}
	}
	if name, ok := strings.CutPrefix(field, "properties."); ok {
		return d.Properties[name]
	}
	name, _ := strings.CutPrefix(field, "let.")
	return d.Let[name]
}

package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
	"mayfly/transform/sample"
)

// Prove runs a sample and gives the messages that came out, and those that the
// sample promises. then is what else is done to each message.
func (s *Source) Prove(ctx context.Context, of Sample, then ...func(*message.Message) error) (
	got, want []SampleMessage, err error,
) {
	out, err := s.Map(ctx, of.Request.Request(s.Name))
	if err = of.Refusal(err); err != nil || of.Refused != "" {
		return nil, nil, err
	}
	for i := range out.Messages {
		for _, do := range then {
			if err := do(&out.Messages[i]); err != nil {
				return nil, nil, err
			}
		}
	}
	got = make([]SampleMessage, len(out.Messages))
	for i := range out.Messages {
		got[i] = sample.Of(&out.Messages[i])
	}
	want = make([]SampleMessage, len(of.Messages))
	for i, m := range of.Messages {
		if m.Body, err = sample.Canonical(m.Body); err != nil {
			return nil, nil, fmt.Errorf("body of message %d: %w", i, err)
		}
		want[i] = m
	}
	return got, want, nil
}

// CodecFaults tells what the codecs of the source had against a sample. They are not
// wrong as such: the sample may be there to show it.
func (s *Source) CodecFaults(ctx context.Context, of Sample) message.Faults {
	if s.codecs == nil {
		return nil
	}
	out, err := s.Map(ctx, of.Request.Request(s.Name))
	if err != nil {
		return nil // Prove tells
	}
	var faults message.Faults
	for _, note := range out.Notes {
		if note.Kind == NoteCodecFailed || note.Kind == NoteCodecError {
			f := &message.Fault{Sample: of.Name, Field: s.sampleField(of), Problem: note.String()}
			s.own(f)
			faults = append(faults, f)
		}
	}
	return faults
}

// sampleField gives the member that a sample is.
func (s *Source) sampleField(of Sample) string {
	for i := range s.Samples {
		if s.Samples[i].Name == of.Name && s.Samples[i].Request.Body == of.Request.Body {
			return fmt.Sprintf("samples[%d]", i)
		}
	}
	return ""
}

// Differences tells, a line each, in what the messages of a sample are not what it
// promises. What a promise leaves out (time, message id, properties, ...) is not
// looked at, unless all is.
func Differences(got, want []SampleMessage, all bool) []string {
	return sample.Differences(got, want, all)
}

// SampleFault makes faults of the error that a sample met: each points at the
// Expression that is wrong.
func (s *Source) SampleFault(of Sample, err error) message.Faults {
	var ours *message.Error
	if !errors.As(err, &ours) || len(ours.Fields) == 0 {
		f := &message.Fault{Sample: of.Name, Field: s.sampleField(of), Problem: err.Error()}
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
			File: at.File, Line: at.Line, Column: at.Column, Sample: of.Name, Field: field, Problem: f.Hint,
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

package trial

import (
	"errors"

	"mayfly/function"
	"mayfly/transform"
	"mayfly/transform/message"
	"mayfly/transform/template"
)

// Trial is a trace whose messages are those that the templates leave.
type Trial struct {
	transform.Trace

	Templates []Step `json:"templates,omitempty"`
}

// Step is what the device template makes of a message.
type Step struct {
	Part     int    `json:"part"` // of the body
	DeviceID string `json:"deviceId"`
	*function.Explanation
}

// Of applies the templates to what a source made of a request. The fitter may be nil.
func Of(t transform.Trace, fitter *function.Fitter) *Trial {
	out := &Trial{Trace: t}
	for i := range t.Parts {
		part := &t.Parts[i]
		if part.Message == nil {
			continue
		}
		var kept []*transform.TraceMessage
		for _, m := range append([]*transform.TraceMessage{part.Message}, part.More...) {
			e := fitter.Explain(m.Message, t.Source)
			if e == nil {
				kept = append(kept, m)
				continue
			}
			out.Templates = append(out.Templates, Step{Part: i, DeviceID: m.DeviceID, Explanation: e})
			if e.Refused {
				part.Error = refusal(e)
			}
			for j := range e.Messages {
				fitted := *m
				fitted.Component, fitted.Body = e.Messages[j].Component, e.Messages[j].Body
				fitted.Message = e.Messages[j]
				kept = append(kept, &fitted)
			}
		}
		part.Message, part.More = nil, nil
		if len(kept) > 0 {
			part.Message, part.More = kept[0], kept[1:]
		}
	}
	return out
}

// refusal is why a message is not sent.
func refusal(e *function.Explanation) *transform.TraceError {
	return &transform.TraceError{
		Kind: "template", Detail: "the message does not fit the model " + e.ModelID, Fields: fields(e.Findings),
	}
}

// fields returns what was found as an answer lists it.
func fields(findings []template.Finding) []message.FieldError {
	out := make([]message.FieldError, len(findings))
	for i, f := range findings {
		out[i] = message.FieldError{Path: f.Path, Rule: f.Rule, Hint: f.Hint}
	}
	return out
}

// Failure is the error for a request of which a part did not become a message.
func (t *Trial) Failure() error {
	if t.Error != nil {
		return errors.New("the body does not become a message")
	}
	for i := range t.Parts {
		if t.Parts[i].Error != nil {
			return errors.New("a part of the body does not become a message")
		}
	}
	return nil
}

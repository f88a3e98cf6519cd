package trial

import (
	"context"
	"errors"

	"mayfly/function"
	"mayfly/transform"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
	"mayfly/transform/sample"
	"mayfly/transform/template"
)

// Trial is a trace whose messages are those that the templates leave.
type Trial struct {
	transform.Trace

	Reduced    []Reduced `json:"reduced,omitempty"`
	Enrichment []Added   `json:"enrichment,omitempty"`
	Templates  []Step    `json:"templates,omitempty"`
}

// Reduced is a message that goes into another one, is left out, or stands for several readings.
type Reduced struct {
	Part     int    `json:"part"` // of the body
	DeviceID string `json:"deviceId"`
	Readings int    `json:"readings"` // that the message stands for; 0: it is in another one; -1: nothing has changed
}

// Step is what the device template makes of a message.
type Step struct {
	Part     int    `json:"part"` // of the body
	DeviceID string `json:"deviceId"`
	*function.Explanation
}

// Added is what a step of enrich has done to a message.
type Added struct {
	Part     int            `json:"part"` // of the body
	DeviceID string         `json:"deviceId"`
	Step     string         `json:"step"` // the name of the table or look-up
	Outcome  enrich.Outcome `json:"outcome"`
	Key      any            `json:"key,omitempty"`
	Put      []string       `json:"put,omitempty"`
	Kept     []string       `json:"kept,omitempty"` // what the device has sent itself
	Error    string         `json:"error,omitempty"`
}

// Options are what is done to messages after the mapping. Each may be nil.
type Options struct {
	Reducer  *function.Reducer
	Enricher *function.Enricher
	Fitter   *function.Fitter
}

// Of adds to a trace what enrich and device templates make of its messages.
func Of(ctx context.Context, t transform.Trace, o Options) *Trial {
	out := &Trial{Trace: t}
	out.reduce(o.Reducer)
	for i := range t.Parts {
		out.enrich(ctx, i, o.Enricher)
		out.fit(i, o.Fitter)
	}
	return out
}

// reduce makes one message of several readings, whatever their parts.
func (t *Trial) reduce(reducer *function.Reducer) {
	if reducer == nil {
		return
	}
	var messages []*message.Message
	for i := range t.Parts {
		for _, m := range all(&t.Parts[i]) {
			messages = append(messages, &m.Message)
		}
	}
	stand, err := reducer.Reduce(t.Source, messages, nil)
	if err != nil {
		return // there is no room that could be full
	}
	next := 0
	for i := range t.Parts {
		part := &t.Parts[i]
		var kept []*transform.TraceMessage
		for _, m := range all(part) {
			n := stand[next]
			next++
			if n != 1 {
				t.Reduced = append(t.Reduced, Reduced{Part: i, DeviceID: m.DeviceID, Readings: n})
			}
			if n > 0 {
				written := sample.Of(&m.Message)
				m.MessageID, m.Time, m.Properties = written.MessageID, written.Time, written.Properties
				m.Body = m.Message.Body
				kept = append(kept, m)
			}
		}
		keep(part, kept)
	}
}

// all returns the messages of a part.
func all(part *transform.TracePart) []*transform.TraceMessage {
	if part.Message == nil {
		return nil
	}
	return append([]*transform.TraceMessage{part.Message}, part.More...)
}

// enrich applies the steps of enrich to the message of a part.
func (t *Trial) enrich(ctx context.Context, i int, enricher *function.Enricher) {
	part := &t.Parts[i]
	if part.Message == nil || enricher == nil {
		return
	}
	var kept []*transform.TraceMessage
	for _, m := range all(part) {
		results, err := enricher.Try(ctx, t.Source, &m.Message)
		for _, r := range results {
			t.Enrichment = append(t.Enrichment, Added{
				Part: i, DeviceID: m.DeviceID, Step: r.Step, Outcome: r.Outcome, Key: r.Key, Put: r.Put, Kept: r.Kept,
				Error: r.Error,
			})
		}
		if err != nil {
			part.Error = &transform.TraceError{Kind: "enrich", Detail: err.Error()}
			continue
		}
		m.Body, m.Properties = m.Message.Body, m.Message.Properties
		kept = append(kept, m)
	}
	keep(part, kept)
}

// fit applies the device template to the messages of a part.
func (t *Trial) fit(i int, fitter *function.Fitter) {
	part := &t.Parts[i]
	if part.Message == nil {
		return
	}
	var kept []*transform.TraceMessage
	for _, m := range all(part) {
		e := fitter.Explain(m.Message, t.Source)
		if e == nil {
			kept = append(kept, m)
			continue
		}
		t.Templates = append(t.Templates, Step{Part: i, DeviceID: m.DeviceID, Explanation: e})
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
	keep(part, kept)
}

// keep leaves these messages in a part.
func keep(part *transform.TracePart, messages []*transform.TraceMessage) {
	part.Message, part.More = nil, nil
	if len(messages) > 0 {
		part.Message, part.More = messages[0], messages[1:]
	}
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

package transform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"mayfly/transform/answer"
	"mayfly/transform/codec"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
	"mayfly/transform/sample"
)

// Trace is what a source makes of a request, step by step, for people: nothing of
// it is sent.
type Trace struct {
	Source  string       `json:"source"`
	Decoded any          `json:"decoded"` // the body as the expressions see it
	Parts   []TracePart  `json:"parts"`
	Error   *TraceError  `json:"error,omitempty"` // of the request as a whole
	Notes   []string     `json:"notes,omitempty"` // what was left out of the body, and what codecs had to say
	Answer  *TraceAnswer `json:"answer"`
}

// TracePart is one part of the body; most bodies are one.
type TracePart struct {
	Value   any           `json:"value"`
	Ignored bool          `json:"ignored,omitempty"` // not telemetry
	Reason  string        `json:"reason,omitempty"`  // why it is ignored
	Steps   []TraceStep   `json:"steps"`
	Message *TraceMessage `json:"message,omitempty"`
	// More are further messages, of a log that a codec read.
	More  []*TraceMessage `json:"more,omitempty"`
	Error *TraceError     `json:"error,omitempty"`
}

// TraceStep is one expression and what it gave; several values are a list.
type TraceStep struct {
	Field      string `json:"field"`
	Expression string `json:"expression"`
	Value      any    `json:"value"` // of payload: hex
	Error      string `json:"error,omitempty"`
}

// TraceMessage is a message as it would be sent.
type TraceMessage struct {
	DeviceID   string            `json:"deviceId"`
	ModelID    string            `json:"modelId,omitempty"`
	GatewayID  string            `json:"gatewayId,omitempty"`
	Component  string            `json:"component,omitempty"`
	MessageID  string            `json:"messageId,omitempty"`
	Time       string            `json:"time,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
	Body       json.RawMessage   `json:"body"`

	Message message.Message `json:"-"`
}

// TraceError is why no message came out.
type TraceError struct {
	Kind   string               `json:"kind"` // malformed, invalid, unsupported
	Detail string               `json:"detail"`
	Fields []message.FieldError `json:"fields,omitempty"`
}

// TraceAnswer is what the sender hears when all is well.
type TraceAnswer struct {
	Status      int    `json:"status"`
	ContentType string `json:"contentType,omitempty"`
	Body        string `json:"body,omitempty"`
}

// Trace maps a request and tells every step.
func (s *Source) Trace(ctx context.Context, r *message.Request) Trace {
	t := s.trace(ctx, r)
	s.traceAnswer(ctx, r, &t)
	return t
}

func (s *Source) trace(ctx context.Context, r *message.Request) Trace {
	t := Trace{Source: s.Name, Parts: []TracePart{}, Answer: &TraceAnswer{Status: 200}}
	j := newJob(ctx, r)
	defer j.Done()
	body, parts, err := s.read(j, &media.Notes{})
	t.Decoded = body
	if err != nil {
		t.Error = traceError(err)
		return t
	}
	for _, part := range parts {
		t.Parts = append(t.Parts, s.tracePart(j, part))
	}
	for _, note := range j.notes {
		t.Notes = append(t.Notes, note.String())
	}
	return t
}

// traceAnswer makes the answer to a request whose messages are all stored.
func (s *Source) traceAnswer(ctx context.Context, r *message.Request, t *Trace) {
	o := &answer.Report{}
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.Ignored {
			o.Ignored++
		}
		if m := p.Message; m != nil {
			o.Delivered++
			o.Parts = append(o.Parts, answer.Part{Index: i, DeviceID: m.DeviceID, MessageID: m.MessageID, Status: 200})
		}
	}
	out, err := s.Reply(ctx, r, o)
	if err != nil && t.Error == nil {
		t.Error = traceError(err)
	}
	*t.Answer = TraceAnswer{cmp.Or(out.Status, t.Answer.Status), out.ContentType, string(out.Body)}
}

func (s *Source) tracePart(j *job, part any) TracePart {
	p := TracePart{Value: part, Steps: []TraceStep{}}
	j.Observe = func(e *mapping.Expression, values []any, err error) {
		step := TraceStep{Field: e.Field, Expression: strings.TrimSpace(e.Text)}
		switch {
		case err != nil:
			step.Error = stepError(err)
		case len(values) == 1:
			step.Value = values[0]
		case len(values) > 1:
			step.Value = values
		}
		if text, ok := step.Value.(string); ok && e == s.of.payload {
			step.Value = fmt.Sprintf("%x", text)
		}
		p.Steps = append(p.Steps, step)
	}
	defer func() { j.Observe = nil }()
	messages, reason, err := s.part(j, part)
	if p.Ignored, p.Reason = reason != "", reason; p.Ignored || err != nil {
		if bad, ok := errors.AsType[*message.Error](err); ok {
			s.suggest(part, bad)
		}
		p.Error = traceError(err)
		return p
	}
	p.Message = traceMessage(&messages[0])
	for i := range messages[1:] {
		p.More = append(p.More, traceMessage(&messages[i+1]))
	}
	return p
}

// traceCodec tells what a codec got, gave, and wrote to its console.
func (j *job) traceCodec(c codec.Codec, in *codec.Uplink, out *codec.Decoded, err error) {
	if j.Observe == nil {
		return
	}
	text := fmt.Sprintf("port %d, bytes %x", in.Port, in.Bytes)
	if named, ok := c.(codec.Named); ok {
		text = named.Name + ", " + text
	}
	if err == nil && len(out.Errors) > 0 {
		err = errors.New(strings.Join(out.Errors, "; "))
	}
	gave := any(out.List)
	if out.List == nil {
		gave = out.Data
	}
	j.Observe(&mapping.Expression{Field: "codec", Text: text}, []any{gave}, err)
	for _, line := range out.Console {
		j.Observe(&mapping.Expression{Field: "console", Text: "console"}, []any{line}, nil)
	}
}

func traceMessage(m *message.Message) *TraceMessage {
	written := sample.Of(m)
	return &TraceMessage{
		DeviceID: written.DeviceID, ModelID: written.ModelID, GatewayID: written.GatewayID, Component: written.Component,
		MessageID: written.MessageID, Time: written.Time, Properties: written.Properties, Body: m.Body, Message: *m,
	}
}

// stepError tells what is wrong with an expression, without its name.
func stepError(err error) string {
	if bad, ok := errors.AsType[*message.Error](err); ok && len(bad.Fields) == 1 {
		return bad.Fields[0].Hint
	}
	return err.Error()
}

func traceError(err error) *TraceError {
	if err == nil {
		return nil
	}
	var ours *message.Error
	if !errors.As(err, &ours) {
		return &TraceError{Kind: "invalid", Detail: err.Error()}
	}
	kind := map[message.Kind]string{message.Malformed: "malformed", message.Invalid: "invalid", message.Unsupported: "unsupported"}[ours.Kind]
	return &TraceError{Kind: kind, Detail: ours.Detail, Fields: ours.Fields}
}

package recorder

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/function"
	"mayfly/transform"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
	"mayfly/transform/reduce"
	"mayfly/transform/template"
)

const (
	explainTime = 2 * time.Second
	maxParts    = 50
	maxMessages = 50  // of a part
	maxSteps    = 100 // of a part
	maxValue    = 4 << 10
	maxDecoded  = 64 << 10
	// maxPlain bounds a body that is decompressed to be shown.
	maxPlain = 4 << 20
)

// Explanation is what the configuration makes of a request, worked out when somebody looks.
type Explanation struct {
	Decoded string   `json:"decoded,omitempty"` // the body as the expressions see it, as JSON
	Parts   []Part   `json:"parts,omitempty"`   // the first ones
	More    int      `json:"more,omitempty"`    // parts and messages that are left out here
	Error   *Error   `json:"error,omitempty"`
	Notes   []string `json:"notes,omitempty"`
	// Failed is why there is no explanation.
	Failed string `json:"failed,omitempty"`
}

// Part is one part of a body.
type Part struct {
	Ignored  string    `json:"ignored,omitempty"` // why it is not telemetry
	Steps    []Step    `json:"steps"`
	Messages []Message `json:"messages,omitempty"`
	Error    *Error    `json:"error,omitempty"`
}

// Step is one expression, or what is done to a message afterwards.
type Step struct {
	Name       string `json:"name"`
	Expression string `json:"expression,omitempty"`
	Value      string `json:"value,omitempty"` // JSON
	Error      string `json:"error,omitempty"`
}

// Message is a message as it is sent to a hub.
type Message struct {
	Device     string            `json:"device"`
	Model      string            `json:"model,omitempty"`
	Gateway    string            `json:"gateway,omitempty"`
	Component  string            `json:"component,omitempty"`
	MessageID  string            `json:"messageId,omitempty"`
	Time       string            `json:"time,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
	Body       string            `json:"body"`
}

// Error is why no message came out.
type Error struct {
	Detail string  `json:"detail"`
	Fields []Field `json:"fields,omitempty"`
}

// Field is a field that is wrong.
type Field struct {
	Device string `json:"device,omitempty"`
	Path   string `json:"path"`
	Rule   string `json:"rule,omitempty"`
	Hint   string `json:"hint"`
}

// plainBody is the body of an entry without its content codings; as it came where it cannot be decompressed.
func (e *entry) plainBody() []byte {
	h := header(e.head)
	if len(h["Content-Encoding"]) == 0 {
		return e.body
	}
	plain, err := function.Decompress(context.Background(), h, e.body, maxPlain)
	if err != nil {
		return e.body
	}
	return plain
}

// explanation maps an entry by the source that read it.
func (rec *Recorder) explanation(ctx context.Context, e *entry, h http.Header, plain []byte) *Explanation {
	if rec.explain == nil || e.outcome.Source == "" {
		return nil
	}
	return rec.mapped(ctx, e, h, plain, e.began, rec.explain.Explain)
}

type explain func(ctx context.Context, source string, r *message.Request) (*trial.Trial, error)

func (rec *Recorder) mapped(
	ctx context.Context, e *entry, h http.Header, plain []byte, received time.Time, by explain,
) *Explanation {
	ctx, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	query, _ := url.ParseQuery(e.query)
	secrets := rec.secrets(e)
	for _, name := range secrets.Query {
		delete(query, name)
	}
	for _, name := range secrets.Headers {
		delete(h, http.CanonicalHeaderKey(name))
	}
	for name := range h {
		if bridgeCredential(name) {
			delete(h, name)
		}
	}
	t, err := by(ctx, e.outcome.Source, &message.Request{
		Method: e.method, Path: e.outcome.Path, Query: query, Header: h, Body: plain, Received: received,
	})
	if err != nil {
		return &Explanation{Failed: err.Error()}
	}
	return explained(t)
}

// bridgeCredential reports whether a header is one that the bridge takes away before expressions see the rest.
func bridgeCredential(name string) bool {
	switch name {
	case "X-Api-Key", "Authorization", "Proxy-Authorization", "X-Functions-Key", "Cookie":
		return true
	}
	return false
}

func explained(t *trial.Trial) *Explanation {
	out := &Explanation{Error: errorOf(t.Error), Notes: t.Notes}
	if t.Decoded != nil {
		out.Decoded = value(t.Decoded, maxDecoded)
	}
	for i := range t.Parts {
		if i == maxParts {
			out.More += len(t.Parts) - maxParts
			break
		}
		part := partOf(t, i)
		out.Parts = append(out.Parts, part)
		out.Notes = append(out.Notes, emptyMessages(&part)...)
		out.More += max(0, len(t.Parts[i].More)+1-maxMessages)
	}
	return out
}

// emptyMessages notes messages in which nothing is: their expressions are fine, and find nothing.
func emptyMessages(p *Part) (out []string) {
	for i := range p.Messages {
		if m := &p.Messages[i]; m.Body == "{}" {
			out = append(out, "the message of "+m.Device+" is empty: measurements found nothing in the body")
		} else if strings.Contains(m.Body, `"payload":""`) {
			out = append(out, "the payload of "+m.Device+" is empty, so there is nothing to decode")
		}
	}
	return out
}

func partOf(t *trial.Trial, i int) Part {
	of := &t.Parts[i]
	p := Part{Steps: []Step{}, Error: errorOf(of.Error)}
	if of.Ignored {
		p.Ignored = of.Reason
	}
	for j := range of.Steps[:min(len(of.Steps), maxSteps)] {
		s := &of.Steps[j]
		step := Step{Name: s.Field, Expression: short(s.Expression, maxValue), Error: short(s.Error, maxValue)}
		if s.Error == "" && s.Value != nil {
			step.Value = value(s.Value, maxValue)
		}
		p.Steps = append(p.Steps, step)
	}
	p.Steps = append(p.Steps, afterwards(t, i)...)
	if of.Message != nil {
		p.Messages = append(p.Messages, messageOf(of.Message))
		for _, m := range of.More[:min(len(of.More), maxMessages-1)] {
			p.Messages = append(p.Messages, messageOf(m))
		}
	}
	return p
}

// afterwards is what reduce, enrich and device templates make of the messages of a part.
func afterwards(t *trial.Trial, part int) []Step {
	var out []Step
	for i := range t.Reduced {
		if r := &t.Reduced[i]; r.Part == part {
			out = append(out, Step{Name: "reduce", Value: reduce.Describe(r.Readings)})
		}
	}
	for i := range t.Enrichment {
		a := &t.Enrichment[i]
		if a.Part != part {
			continue
		}
		step := Step{Name: "enrich " + a.Step, Value: string(a.Outcome)}
		if a.Key != nil {
			step.Expression = "key " + value(a.Key, maxValue)
		}
		if len(a.Put) > 0 {
			step.Value += ": " + strings.Join(a.Put, ", ")
		}
		if a.Outcome == enrich.Failed || a.Outcome == enrich.Refused {
			step.Error = a.Error
		}
		out = append(out, step)
	}
	for i := range t.Templates {
		if s := &t.Templates[i]; s.Part == part {
			out = append(out, fitted(s)...)
		}
	}
	return out
}

func fitted(s *trial.Step) []Step {
	about := s.Policy + " " + s.ModelID
	found := func(f template.Finding) string { return strings.TrimSpace("template " + f.Path) }
	var out []Step
	for _, f := range s.Changes {
		out = append(out, Step{Name: found(f), Expression: about, Value: "made right: " + f.Hint})
	}
	for _, f := range s.Findings {
		out = append(out, Step{Name: found(f), Expression: about, Error: "does not fit: " + f.Hint})
	}
	if len(out) == 0 {
		out = append(out, Step{Name: "template", Expression: about, Value: "fits"})
	}
	return out
}

func messageOf(m *transform.TraceMessage) Message {
	return Message{
		Device: m.DeviceID, Model: m.ModelID, Gateway: m.GatewayID, Component: m.Component, MessageID: m.MessageID,
		Time: m.Time, Properties: m.Properties, Body: short(string(m.Body), maxDecoded),
	}
}

func errorOf(e *transform.TraceError) *Error {
	if e == nil {
		return nil
	}
	return &Error{Detail: short(e.Detail, maxValue), Fields: fieldsOf(e.Fields)}
}

func fieldsOf(list []message.FieldError) []Field {
	var out []Field
	for i := range list[:min(len(list), maxSteps)] {
		f := &list[i]
		out = append(out, Field{f.DeviceID, short(f.Path, maxValue), f.Rule, short(f.Hint, maxValue)})
	}
	return out
}

// value writes a value as JSON of limited length.
func value(v any, limit int) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return short(fmt.Sprint(v), limit)
	}
	return short(strings.TrimSpace(text.String()), limit)
}

// short cuts a text and says so.
func short(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := limit
	for cut > limit-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:cut], len(text))
}

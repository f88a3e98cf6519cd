package transform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// notTelemetry is the reason of a source whose ignore says no more than true.
const notTelemetry = "not telemetry"

// ruleEnvelope is the rule that a body of another sender breaks.
const ruleEnvelope = "envelope"

// maxReasons bounds how many different reasons one request may have.
const maxReasons = 10

// ignored tells whether a part is not telemetry, and why: the text that ignore
// gives.
func (s *Source) ignored(j *job, part any) (reason string, err error) {
	value, err := j.One(s.of.ignore, part)
	if err != nil || value == nil || value == false {
		return "", err
	}
	text, _ := value.(string)
	return cmp.Or(message.EventName(text), notTelemetry), nil
}

// ignore counts a part that is not telemetry.
func (o *Outcome) ignore(reason string) {
	o.Ignored++
	if len(o.Reasons) < maxReasons && !slices.Contains(o.Reasons, reason) {
		o.Reasons = append(o.Reasons, reason)
	}
}

// read decodes the body and takes it apart.
func (s *Source) read(j *job, notes *media.Notes) (body any, parts []any, err error) {
	body, err = s.decode(j.request, notes)
	j.notes = leftOut(notes)
	if err != nil {
		if s.isForeign(j, err) {
			err = message.InvalidFields(s.foreign(j, nil))
		}
		return nil, nil, err
	}
	body = s.Signature.Visible(body)
	parts, err = j.All(s.of.each, body)
	switch {
	case err == nil && len(parts) > 0:
		return body, parts, nil
	case err == nil, s.isForeign(j, err):
		err = message.InvalidFields(s.foreign(j, body))
	case s.of.envelope != nil && mapping.IsInapplicable(err):
		if fits, failed := s.holds(j, body); !fits && failed == nil {
			bad, _ := errors.AsType[*message.Error](err)
			err = message.InvalidFields(append([]message.FieldError{s.foreign(j, body)}, bad.Fields...)...)
		}
	}
	return body, nil, s.explain(err)
}

// holds tells whether a value is of this source's sender. What the expression cannot
// be applied to is not; the error is that of one that could not be evaluated.
func (s *Source) holds(j *job, value any) (bool, error) {
	if s.of.envelope == nil {
		return true, nil
	}
	fits, err := j.Truth(s.of.envelope, value)
	if mapping.IsInapplicable(err) {
		return false, nil
	}
	return fits, err
}

// isForeign tells whether a body that this source cannot read is another source's,
// or in another format.
func (s *Source) isForeign(j *job, err error) bool {
	bad, ok := errors.AsType[*message.Error](err)
	if !ok || bad.Kind == message.Unsupported && s.SendJSON == "" || mapping.IsExhausted(err) {
		return false
	}
	if bad.Kind == message.Invalid && len(bad.Fields) == 0 && s.of.envelope != nil { // such as an empty list
		return true
	}
	if s.SendJSON != "" && message.IsBinary(j.request.Body) || s.other(j) != nil {
		return true
	}
	return s.Format == media.FormatInflux && json.Valid(j.request.Body)
}

// foreign is what is wrong with a part, or a whole body, of another sender.
func (s *Source) foreign(j *job, value any) message.FieldError {
	wrong := message.FieldError{Path: "body", Rule: ruleEnvelope}
	other := s.other(j)
	switch {
	case other != nil:
		wrong.Hint = lookAlike(other, j.request)
	case isNative(value):
		wrong.Hint = "this looks like Mayfly's own format: POST it to /api/telemetry"
	case s.SendJSON != "" && message.IsBinary(j.request.Body):
		wrong.Hint = "this is binary (Protocol Buffers?), not JSON: " + s.SendJSON
	case s.Expects != "":
		wrong.Hint = fmt.Sprintf("this does not look like %s: want %s", cmp.Or(s.Title, s.Name), strings.TrimSpace(s.Expects))
	case s.of.envelope != nil:
		wrong.Hint = fmt.Sprintf("this does not look like %s: want what %s holds for", cmp.Or(s.Title, s.Name),
			strings.TrimSpace(s.of.envelope.Text))
	case s.of.each != nil:
		wrong.Hint = "this holds no message" + s.of.each.Gave(nil)
	default:
		wrong.Hint = "this holds no message"
	}
	return wrong
}

// explain adds to errors about values of the wrong kind what this source's sender
// writes.
func (s *Source) explain(err error) error {
	bad, ok := errors.AsType[*message.Error](err)
	if !ok || s.Expects == "" {
		return err
	}
	for i := range bad.Fields {
		f := &bad.Fields[i]
		if f.Rule != "mapping" || !mapping.IsMisfit(f.Hint) {
			continue
		}
		wanted := "; want " + strings.TrimSpace(s.Expects)
		if f.Hint += wanted; f.Brief != "" {
			f.Brief += wanted
		}
	}
	return err
}

// ExplainNative adds to the error of a body that is no native message which source it
// looks like. Other errors, and nil, stay as they are.
func (t *Transformer) ExplainNative(ctx context.Context, r *message.Request, err error) error {
	bad, ok := errors.AsType[*message.Error](err)
	if !ok {
		return err
	}
	found, failed := t.Detect(ctx, r)
	if failed != nil || found == nil {
		return err
	}
	hint := message.FieldError{Path: "body", Rule: ruleEnvelope, Hint: lookAlike(found, r)}
	return message.InvalidFields(append([]message.FieldError{hint}, bad.Fields...)...)
}

// lookAlike tells where a body that looks like a source's belongs.
func lookAlike(other *Source, r *message.Request) string {
	verb := "POST"
	if r.Method == "GET" {
		verb = "send"
	}
	return fmt.Sprintf("this looks like %s: %s it to /api/%s", cmp.Or(other.Title, other.Name), verb, other.Name)
}

// other finds the other source that a request looks like; nil where there is none.
func (s *Source) other(j *job) *Source {
	if !j.detected {
		j.detected = true
		if found, err := s.detect(j.ctx, j.request); err == nil && found != nil && found.Name != s.Name {
			j.looksLike = found
		}
	}
	return j.looksLike
}

// isNative tells whether a value is a message as /api/telemetry takes it.
func isNative(value any) bool {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	object, _ := value.(map[string]any)
	device, _ := object["device"].(map[string]any)
	return device["deviceId"] != nil && object["measurements"] != nil
}

// IsForeign tells whether an error says that a body is not of the source's sender at
// all: whoever sent it, that sender will not mind a refusal.
func IsForeign(err error) bool {
	bad, ok := errors.AsType[*message.Error](err)
	return ok && len(bad.Fields) == 1 && bad.Fields[0].Rule == ruleEnvelope && bad.Fields[0].Path == "body"
}

// sameForeign makes one error of those of a body whose parts are all foreign.
func sameForeign(wrong []message.FieldError, parts int) []message.FieldError {
	if len(wrong) != parts || slices.ContainsFunc(wrong, func(f message.FieldError) bool { return f.Rule != ruleEnvelope }) {
		return wrong
	}
	wrong[0].Path = "body"
	return wrong[:1]
}

// tooWide is the fault of an envelope that holds for anything: nothing would ever
// be refused, and what ignore takes would be lost.
func (s *Source) tooWide() *message.Fault {
	if s.of.envelope == nil || s.of.ignore == nil {
		return nil
	}
	j := newJob(context.Background(), &message.Request{Method: "POST", Path: "/api/" + s.Name})
	defer j.Done()
	if fits, err := s.holds(j, map[string]any{"hello": "world"}); !fits || err != nil {
		return nil
	}
	f := mapping.FaultAt("envelope", s.Definition.Envelope, 0, `holds for {"hello":"world"}, too: `+
		`name a member that each part of this sender's bodies has, as in type == "object" and has("station")`)
	s.own(f)
	return f
}

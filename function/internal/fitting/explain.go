package fitting

import (
	"errors"
	"log/slog"

	"mayfly/transform/message"
	"mayfly/transform/template"
)

// Explanation is what becomes of a message, for people. It holds names and kinds, never values.
type Explanation struct {
	ModelID  string             `json:"modelId"`
	Policy   string             `json:"policy"`             // report, coerce or require
	Changes  []template.Finding `json:"changes,omitempty"`  // what was made right
	Findings []template.Finding `json:"findings,omitempty"` // what does not fit
	More     int                `json:"more,omitempty"`     // findings beyond these
	Refused  bool               `json:"refused,omitempty"`  // by require

	Messages []message.Message `json:"-"` // what is sent in its place; none where it is refused
}

// Explain does what Fit does, and tells all of it. It returns nil for a message that no template is for, and where
// there are no templates at all.
func (f *Fitter) Explain(m message.Message, source string) *Explanation {
	if f == nil {
		return nil
	}
	model, policy := f.of(&m, source)
	if policy.Mode == template.Off || model == "" {
		return nil
	}
	policy.Explain = true
	e := &Explanation{ModelID: model, Policy: policy.Mode.String()}
	result, err := f.set.Fit(template.Input{ModelID: model, Component: m.Component, Body: m.Body}, policy)
	if wrong, ok := errors.AsType[*template.Mismatch](err); ok {
		e.Refused, e.Findings, e.More = true, wrong.Findings, wrong.More
		return e
	}
	e.Messages, e.Changes = messages(&m, &result), result.Changes
	e.Findings, e.More = result.Findings, result.More
	return e
}

// Warn logs the interfaces that the templates refer to and that no file has.
func (f *Fitter) Warn(log *slog.Logger) {
	if f == nil {
		return
	}
	if missing := f.set.Missing(); len(missing) > 0 {
		log.Warn("device templates refer to interfaces that no file has; their telemetry is not checked",
			"count", len(missing), "interfaces", missing[:min(len(missing), maxNoted)])
	}
}

package fitting

import (
	"cmp"
	"maps"
	"strings"

	"mayfly/transform"
	"mayfly/transform/message"
	"mayfly/transform/template"
)

// Fleet is what a fleet says of templates.
type Fleet struct {
	ModelID string           // of devices that name none
	Policy  *template.Policy // nil: the global one
}

// Policies say what happens to a message that does not fit.
type Policies struct {
	Global  template.Policy
	Sources map[string]*template.Policy // before the fleet's
	Fleets  map[string]Fleet            // before the global one
}

// Fitter fits messages to templates.
type Fitter struct {
	set      *template.Set
	policies *Policies
}

// New returns nil where there are no templates: nothing is to be done then.
func New(set *template.Set, policies *Policies) *Fitter {
	if set.Len() == 0 {
		return nil
	}
	return &Fitter{set: set, policies: policies}
}

// Fit returns the messages to send in place of m: m itself, in most cases. The source is empty for messages in Mayfly's
// own formats. Notes name what does not fit and is sent all the same. The error is a *template.Mismatch.
func (f *Fitter) Fit(m message.Message, source string) ([]message.Message, []transform.Note, error) {
	model, policy := f.of(&m, source)
	if policy.Mode == template.Off {
		return []message.Message{m}, nil, nil
	}
	result, err := f.set.Fit(template.Input{ModelID: model, Component: m.Component, Body: m.Body}, policy)
	if err != nil {
		return nil, nil, err
	}
	return messages(&m, &result), notes(&m, &result), nil
}

// of returns the model that a message is for, and the policy.
func (f *Fitter) of(m *message.Message, source string) (model string, policy template.Policy) {
	fleet := f.policies.Fleets[m.Fleet]
	policy = f.policies.Global
	if p := cmp.Or(f.policies.Sources[source], fleet.Policy); p != nil {
		policy = *p
	}
	return cmp.Or(m.ModelID, fleet.ModelID), policy
}

// messages returns what is sent in place of m.
func messages(m *message.Message, result *template.Result) []message.Message {
	out := make([]message.Message, len(result.Messages))
	for i, fitted := range result.Messages {
		out[i] = *m
		out[i].Component, out[i].Body = fitted.Component, fitted.Body
		if i > 0 {
			out[i].Properties = maps.Clone(m.Properties) // each message's own
		}
	}
	return out
}

// maxNoted is how many members a note names.
const maxNoted = 5

// notes tells in one note what does not fit: names and kinds, never values.
func notes(m *message.Message, result *template.Result) []transform.Note {
	if len(result.Findings) == 0 {
		return nil
	}
	var b strings.Builder
	for i, one := range result.Findings[:min(len(result.Findings), maxNoted)] {
		if i > 0 {
			b.WriteString("; ")
		}
		if one.Path != "" {
			b.WriteString(one.Path + " ")
		}
		b.WriteString(one.Hint)
	}
	if len(result.Findings)+result.More > maxNoted {
		b.WriteString("; and more")
	}
	return []transform.Note{{DeviceID: m.DeviceID, Kind: transform.NoteTemplate, Text: b.String()}}
}

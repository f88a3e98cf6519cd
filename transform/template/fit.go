package template

import (
	"bytes"
	"slices"
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template/convert"
)

// Fit compares a message with its model, and changes it as the policy says. The
// error is a [*Mismatch]; only the mode Require returns one.
func (s *Set) Fit(in Input, p Policy) (Result, error) {
	asIs := Result{Messages: []Message{{in.Component, in.Body}}}
	if p.Mode == Off || in.ModelID == "" || s.Len() == 0 {
		return asIs, nil
	}
	f := fitter{model: s.Model(in.ModelID), in: in, policy: p}
	f.walk.Quiet = p.Mode != Report && !p.Explain
	if f.model == nil {
		f.walk.Enter("modelId")
		f.walk.Add(convert.RuleModel, false, "there is no template for ", convert.Shown(in.ModelID),
			s.otherVersion(in.ModelID))
		return f.result(asIs.Messages)
	}
	f.part = &f.model.root
	if in.Component != "" && !f.enterComponent() {
		return f.result(asIs.Messages)
	}
	if !f.members() {
		return f.result(asIs.Messages)
	}
	asIs.Messages[0].Component = f.part.name
	if len(f.unknown) == 0 && !f.changed {
		return f.result(asIs.Messages)
	}
	f.resolve()
	if p.Mode == Report || !f.changed {
		return f.result(asIs.Messages)
	}
	return f.result(f.messages())
}

// otherVersion finds a model that has the same name and another version.
func (s *Set) otherVersion(id string) string {
	s.once.Do(func() {
		s.byName = make(map[string]string, len(s.models))
		for known := range s.models {
			name, _, _ := strings.Cut(known, ";")
			if first := s.byName[name]; first == "" || known < first {
				s.byName[name] = known
			}
		}
	})
	name, _, _ := strings.Cut(id, ";")
	if known := s.byName[name]; known != "" {
		return "; there is one for " + known
	}
	return ""
}

// fitter works on one message.
type fitter struct {
	walk   convert.Walk
	model  *Model
	in     Input
	policy Policy
	part   *part

	entries []entry
	unknown []int // the entries whose name is not telemetry of their part
	changed bool
}

// entry is a member of the message, or of an object that stands for a component.
type entry struct {
	raw    []byte // the name as it is written, between its quotes
	name   string // what it stands for; empty where that was not needed yet
	inside string // the member that it is in, for its path
	value  []byte
	part   *part // whose telemetry it is; nil: others stand in its place
	index  int32 // among the telemetry of the part; -1: unknown
}

// text returns the name that the sender wrote.
func (e *entry) text() string {
	if e.name == "" {
		it := jsonscan.Iterator{Name: e.raw, Escaped: bytes.IndexByte(e.raw, '\\') >= 0}
		e.name = it.NameText()
	}
	return e.name
}

// enterComponent finds the component that the message names.
func (f *fitter) enterComponent() bool {
	p := f.model.component(f.in.Component)
	switch {
	case p != nil && p.name != f.in.Component:
		f.walk.Enter("component")
		f.walk.Add(convert.RuleName, true, "the model calls it ", p.name)
		f.walk.Leave()
	case p == nil && f.model.root.open:
		return false
	case p == nil:
		f.walk.Enter("component")
		f.walk.Add(convert.RuleUnknown, false, "the model has no component ", convert.Shown(f.in.Component),
			f.nearestComponent(f.in.Component))
		return false
	}
	f.part = p
	return true
}

// members goes over the message once. It reports whether the message was an object.
func (f *fitter) members() bool {
	it := jsonscan.Members(f.in.Body)
	for n := 0; it.Next(); n++ {
		e := entry{raw: it.Name, value: it.Value, part: f.part, index: -1}
		if it.Escaped {
			e.name = it.NameText()
			if i, ok := f.part.table.names[e.name]; ok {
				e.index = i
			}
		} else if i, ok := f.part.table.names[string(it.Name)]; ok {
			e.index = i
		}
		if e.index >= 0 {
			f.value(&e)
		}
		if f.entries == nil {
			if e.index >= 0 && !f.changed {
				continue // nothing needs to be done with it, as with nearly all messages
			}
			f.begin(n)
		}
		f.add(e)
	}
	if it.Failed() {
		f.walk.Add(convert.RuleType, false, "want a JSON object of measurements")
	}
	return !it.Failed()
}

// begin keeps the first n members, which are as they should be.
func (f *fitter) begin(n int) {
	f.entries = make([]entry, 0, max(n+1, 16))
	it := jsonscan.Members(f.in.Body)
	for range n {
		it.Next()
		e := entry{raw: it.Name, value: it.Value, part: f.part}
		e.index = f.part.table.names[e.text()]
		f.entries = append(f.entries, e)
	}
}

// add keeps an entry.
func (f *fitter) add(e entry) {
	if e.index < 0 {
		f.unknown = append(f.unknown, len(f.entries))
	}
	f.entries = append(f.entries, e)
}

func (f *fitter) value(e *entry) {
	t := &e.part.table.telemetry[e.index]
	if e.inside != "" {
		f.walk.Enter(e.inside)
		defer f.walk.Leave()
	}
	name := t.Name
	if e.name != "" {
		name = e.name
	}
	f.walk.Enter(name)
	if out := f.walk.Value(t.Schema, e.value); out != nil {
		e.value, f.changed = out, true
	}
	f.walk.Leave()
}

// messages writes what comes out: that of the part that the message is for first,
// then those of the components.
func (f *fitter) messages() []Message {
	bodies := map[*part]*bytes.Buffer{}
	write := func(e *entry) {
		b := bodies[e.part]
		if b == nil {
			b = &bytes.Buffer{}
			bodies[e.part] = b
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		if e.index >= 0 {
			b.WriteString(e.part.table.telemetry[e.index].Name)
		} else {
			b.Write(e.raw)
		}
		b.WriteString(`":`)
		b.Write(e.value)
	}
	for i := range f.entries {
		if e := &f.entries[i]; e.part != nil {
			write(e)
		}
	}
	var out []Message
	add := func(p *part) {
		if b := bodies[p]; b != nil {
			b.WriteByte('}')
			out = append(out, Message{p.name, b.Bytes()})
			delete(bodies, p)
		}
	}
	add(f.part)
	for i := range f.model.components {
		if len(bodies) == 0 {
			break
		}
		add(&f.model.components[i])
	}
	return out
}

// result applies the policy to what was found.
func (f *fitter) result(messages []Message) (Result, error) {
	w := &f.walk
	findings := slices.Concat(w.Wrong.Items, w.Unknown.Items)
	more := w.Wrong.More + w.Unknown.More
	switch {
	case f.policy.Mode == Report:
		findings = append(findings, w.Changes.Items...)
		return Result{[]Message{{f.in.Component, f.in.Body}}, findings, nil, more + w.Changes.More}, nil
	case f.policy.Mode == Require && (w.Wrong.Len() > 0 || f.policy.RefuseUnknown && w.Unknown.Len() > 0):
		return Result{}, &Mismatch{f.in.ModelID, findings, more}
	}
	return Result{messages, findings, w.Changes.Items, more}, nil
}

package template

import (
	"fmt"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template/convert"
)

// resolve finds what the members with unknown names are: telemetry whose name is
// written differently, telemetry of a component, an object of such telemetry. It
// decides only where there is one answer.
func (f *fitter) resolve() {
	if f.part == &f.model.root {
		f.expand()
	}
	claims := make(map[place]int, len(f.entries))
	for i := range f.entries {
		if e := &f.entries[i]; e.index >= 0 {
			claims[place{e.part, e.index}]++
		}
	}
	meant := make([]place, len(f.unknown))
	for i, at := range f.unknown {
		meant[i] = f.meant(&f.entries[at])
		claims[meant[i]]++
	}
	for i, at := range f.unknown {
		e := &f.entries[at]
		if meant[i].part == nil || claims[meant[i]] > 1 {
			f.addUnknown(e, meant[i])
			continue
		}
		f.addMeant(e, meant[i])
		e.part, e.index = meant[i].part, meant[i].index
		f.changed = true
		f.value(e)
	}
}

// expand puts the members of an object that stands for a component in its place.
func (f *fitter) expand() {
	before := f.unknown
	f.unknown = nil
	for _, at := range before {
		e := f.entries[at]
		p := f.model.component(e.text())
		if p == nil || !f.expandOne(e.text(), e.value, p) {
			f.unknown = append(f.unknown, at)
			continue
		}
		f.entries[at].part = nil
		f.changed = true
	}
}

func (f *fitter) expandOne(name string, object []byte, p *part) bool {
	it := jsonscan.Members(object)
	if !it.Next() {
		return false
	}
	f.walk.Enter(name)
	f.walk.Add(convert.RuleComponent, true, "is the component ", p.name, ", whose telemetry is a message of its own")
	f.walk.Leave()
	for ok := true; ok; ok = it.Next() {
		e := entry{raw: it.Name, inside: name, value: it.Value, part: p, index: -1}
		if i, known := p.table.names[e.text()]; known {
			e.index = i
			f.value(&e)
		}
		f.add(e)
	}
	return true
}

// meant finds the telemetry whose name differs from that of an entry in form only.
func (f *fitter) meant(e *entry) place {
	x := f.model.folded()
	name := convert.Fold(e.text())
	if e.part == &f.model.root {
		if p, known := x.all[name]; known {
			return p
		}
		return x.prefixed[name] // fan.rpm, fan_rpm
	}
	if i, ok := x.parts[e.part][name]; ok && i >= 0 {
		return place{e.part, i}
	}
	return place{}
}

func (f *fitter) enter(e *entry) {
	if e.inside != "" {
		f.walk.Enter(e.inside)
	}
	f.walk.Enter(e.text())
}

func (f *fitter) leave(e *entry) {
	f.walk.Leave()
	if e.inside != "" {
		f.walk.Leave()
	}
}

// addMeant notes that an entry is sent under another name or with a component.
func (f *fitter) addMeant(e *entry, p place) {
	f.enter(e)
	defer f.leave(e)
	name := p.part.table.telemetry[p.index].Name
	switch {
	case p.part == e.part:
		f.walk.Add(convert.RuleName, true, "the model calls it ", name)
	case name == e.text():
		f.walk.Add(convert.RuleComponent, true, "is telemetry of the component ", p.part.name)
	default:
		f.walk.Add(convert.RuleComponent, true, "is telemetry of the component ", p.part.name,
			", which calls it ", name)
	}
}

// addUnknown notes that the model does not have an entry. p is the telemetry that
// its name is like, if another member has a claim to that.
func (f *fitter) addUnknown(e *entry, p place) {
	if e.part.open && p.part == nil {
		return // it may be in what was not added
	}
	f.enter(e)
	defer f.leave(e)
	if f.walk.Silent(convert.RuleUnknown, false) {
		f.walk.Add(convert.RuleUnknown, false)
		return
	}
	f.walk.Add(convert.RuleUnknown, false, f.unknownHint(e, p))
}

func (f *fitter) unknownHint(e *entry, p place) string {
	name := e.text()
	if p.part != nil {
		return "another member is " + p.part.table.telemetry[p.index].Name + " already"
	}
	if e.inside == "" && e.part == &f.model.root {
		if component := f.model.component(name); component != nil {
			return "is the component " + component.name + "; want an object of its telemetry"
		}
		if _, several := f.model.folded().all[convert.Fold(name)]; several {
			return "is like more than one telemetry of the model; send it with the component that has it"
		}
	}
	for _, others := range e.part.others {
		for _, other := range others {
			if other.Name == name {
				return "is a " + other.Kind + " of the model, not telemetry"
			}
		}
	}
	return "the model has no such telemetry" + f.nearest(e)
}

// nearest finds the telemetry that an unknown name may be meant for.
func (f *fitter) nearest(e *entry) string {
	n := convert.Nearest{Name: e.text()}
	best, in := "", (*part)(nil)
	look := func(p *part) {
		for i := range p.table.telemetry {
			t := &p.table.telemetry[i]
			if n.Try(t.Name); n.Found == t.Name && best != t.Name {
				best, in = t.Name, p
			}
		}
	}
	look(e.part)
	if e.part == &f.model.root {
		for i := range f.model.components {
			look(&f.model.components[i])
		}
	}
	if in == nil {
		return ""
	}
	t := &in.table.telemetry[in.table.names[best]]
	of := ""
	if in != e.part {
		of = " of the component " + in.name
	}
	return fmt.Sprintf("; nearest is %s (%s)%s", best, t.Schema.Describe(), of)
}

// nearestComponent finds the component that an unknown name may be meant for.
func (f *fitter) nearestComponent(name string) string {
	n := convert.Nearest{Name: name}
	for i := range f.model.components {
		n.Try(f.model.components[i].name)
	}
	if n.Found == "" {
		return ""
	}
	return "; nearest is " + n.Found
}

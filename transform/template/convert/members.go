package convert

import (
	"bytes"
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template/dtdl"
)

// array compares the elements of an array.
func (w *Walk) array(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	if kind != jsonscan.Array {
		return w.offer(s, kind, RuleType, "")
	}
	edit := editor{text: raw}
	it := jsonscan.Elements(raw)
	for i := 0; it.Next(); i++ {
		w.enterIndex(i)
		edit.replace(it.Start, it.Start+len(it.Value), w.Value(s.Element, it.Value))
		w.Leave()
	}
	return edit.done()
}

// members compares the members of an Object or a Map.
func (w *Walk) members(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	if kind != jsonscan.Object {
		return w.offer(s, kind, RuleType, "")
	}
	if s.Kind == dtdl.Map {
		return w.mapping(s, raw)
	}
	edit := editor{text: raw}
	var names names
	it := jsonscan.Members(raw)
	for it.Next() {
		field := s.Field(it.Name)
		if field != nil && !it.Escaped {
			w.Enter(field.Name)
		} else {
			name := it.NameText()
			if field = w.field(s, raw, name, &names); field == nil {
				continue
			}
			if field.Name != name {
				edit.rename(it, field.Name)
			}
			w.Enter(name)
		}
		edit.replace(it.Start, it.Start+len(it.Value), w.Value(field.Schema, it.Value))
		w.Leave()
	}
	if s.Required {
		w.missing(s, names.of(raw))
	}
	return edit.done()
}

func (w *Walk) mapping(s *dtdl.Schema, raw []byte) []byte {
	edit := editor{text: raw}
	it := jsonscan.Members(raw)
	for it.Next() {
		w.Enter(it.NameText())
		edit.replace(it.Start, it.Start+len(it.Value), w.Value(s.Element, it.Value))
		w.Leave()
	}
	return edit.done()
}

// field finds the field that a member with an odd name is.
func (w *Walk) field(s *dtdl.Schema, raw []byte, name string, names *names) *dtdl.Field {
	if field := s.Field([]byte(name)); field != nil {
		return field
	}
	return w.renamed(s, raw, name, names)
}

// renamed finds the field that a member is meant for: the one whose name differs
// in form only, where neither another field nor another member has a claim to it.
func (w *Walk) renamed(s *dtdl.Schema, raw []byte, name string, names *names) *dtdl.Field {
	w.Enter(name)
	defer w.Leave()
	folded := Fold(name)
	if field := w.fieldsOf(s)[folded]; field != nil && names.of(raw)[folded] == 1 {
		w.Add(RuleName, true, "the schema calls it ", field.Name)
		return field
	}
	if w.Silent(RuleUnknown, false) {
		w.Add(RuleUnknown, false)
		return nil
	}
	nearest := ""
	n := Nearest{Name: name}
	for i := range s.Fields {
		n.Try(s.Fields[i].Name)
	}
	if n.Found != "" {
		nearest = "; nearest is " + n.Found
	}
	w.Add(RuleUnknown, false, "the schema has no such field", nearest)
	return nil
}

// fieldsOf returns the fields by their folded names; two that fold alike count as
// none.
func (w *Walk) fieldsOf(s *dtdl.Schema) map[string]*dtdl.Field {
	fields, ok := w.fields[s]
	if ok {
		return fields
	}
	fields = make(map[string]*dtdl.Field, len(s.Fields))
	for i := range s.Fields {
		folded := Fold(s.Fields[i].Name)
		if _, twice := fields[folded]; twice {
			fields[folded] = nil
			continue
		}
		fields[folded] = &s.Fields[i]
	}
	if w.fields == nil {
		w.fields = map[*dtdl.Schema]map[string]*dtdl.Field{}
	}
	w.fields[s] = fields
	return fields
}

// missing notes the fields that must be there and are not.
func (w *Walk) missing(s *dtdl.Schema, present map[string]int) {
	for i := range s.Fields {
		f := &s.Fields[i]
		if !f.Required || present[Fold(f.Name)] > 0 {
			continue
		}
		w.Enter(f.Name)
		w.Add(RuleRequired, false, "is missing; want ", f.Schema.Describe())
		w.Leave()
	}
}

// names counts the members of an object by their folded names, once it is asked.
type names struct{ count map[string]int }

func (n *names) of(raw []byte) map[string]int {
	if n.count == nil {
		n.count = map[string]int{}
		it := jsonscan.Members(raw)
		for it.Next() {
			n.count[Fold(it.NameText())]++
		}
	}
	return n.count
}

// Fold returns the same text for names that differ only in case, "-", ".", "_" or
// space.
func Fold(name string) string {
	return strings.ToLower(strings.Map(func(c rune) rune {
		switch c {
		case '-', '.', '_', ' ':
			return -1
		}
		return c
	}, name))
}

// editor replaces parts of a text, from its front to its end.
type editor struct {
	text []byte
	out  bytes.Buffer
	from int // up to where the text is in out
	used bool
}

// replace puts something else in the place of a part; nil leaves it as it is.
func (e *editor) replace(start, end int, with []byte) {
	if with == nil {
		return
	}
	e.used = true
	e.out.Write(e.text[e.from:start])
	e.out.Write(with)
	e.from = end
}

// rename writes another name for the member that the iterator is at.
func (e *editor) rename(it jsonscan.Iterator, name string) {
	start := bytes.LastIndexByte(e.text[:it.Start], ':') // behind it is white space only
	end := bytes.LastIndexByte(e.text[:start], '"') + 1
	e.replace(end-len(it.Name)-2, end, []byte(`"`+name+`"`))
}

// done returns the text, or nil where nothing was replaced.
func (e *editor) done() []byte {
	if !e.used {
		return nil
	}
	e.out.Write(e.text[e.from:])
	return e.out.Bytes()
}

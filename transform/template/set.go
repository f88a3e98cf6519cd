package template

import (
	"iter"
	"slices"
	"sync"

	"mayfly/transform/template/convert"
	"mayfly/transform/template/dtdl"
)

// Set holds models by their identifiers.
type Set struct {
	models map[string]*Model

	once   sync.Once
	byName map[string]string // identifiers without their version: made for the first message without a model
}

// Len returns the number of models.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.models)
}

// Model returns the model of an identifier, or nil: a DTMI, which may be that of a
// device template of IoT Central.
func (s *Set) Model(id string) *Model {
	if s == nil {
		return nil
	}
	return s.models[id]
}

// Models iterates over the models, in no order. One that has a second identifier, as
// that of a device template of IoT Central, comes once.
func (s *Set) Models() iter.Seq[*Model] {
	return func(yield func(*Model) bool) {
		if s == nil {
			return
		}
		for id, m := range s.models {
			if id == m.ID && !yield(m) {
				return
			}
		}
	}
}

// Missing returns the identifiers of all interfaces that models refer to and that
// were not added, in order: see [Model.Missing].
func (s *Set) Missing() []string {
	var all []string
	for m := range s.Models() {
		all = append(all, m.missing...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Model is what a device may send.
type Model struct {
	ID         string
	root       part
	components []part
	missing    []string

	once  sync.Once
	index *index
}

// part is a model without its components, or one of them.
type part struct {
	name   string // of the component
	table  *table
	others [][]dtdl.Other
	open   bool // some of it was not added, so an unknown name may be right
}

// table is the telemetry of a part. Parts share it.
type table struct {
	telemetry []dtdl.Telemetry
	names     map[string]int32
}

func newTable(telemetry []dtdl.Telemetry) *table {
	t := &table{telemetry: telemetry, names: make(map[string]int32, len(telemetry))}
	for i := range telemetry {
		t.names[telemetry[i].Name] = int32(i)
	}
	return t
}

// Missing returns the identifiers of interfaces that the model refers to and that
// were not added. What they would have is not checked.
func (m *Model) Missing() []string { return m.missing }

// Telemetry counts the values that the model has, those of its components included.
func (m *Model) Telemetry() int {
	n := len(m.root.table.telemetry)
	for i := range m.components {
		n += len(m.components[i].table.telemetry)
	}
	return n
}

// Components returns the names of the components.
func (m *Model) Components() []string {
	names := make([]string, len(m.components))
	for i := range m.components {
		names[i] = m.components[i].name
	}
	return names
}

// index finds names that are not those of the part that a message is for. It is
// made when a message has such a name, which is rare.
type index struct {
	all        map[string]place           // telemetry by folded name
	prefixed   map[string]place           // that of components, with the name of the component in front
	parts      map[*part]map[string]int32 // the same, of each part; -1: two
	components map[string]*part           // by name
	alike      map[string]*part           // by folded name; nil: two
}

// place is where telemetry is.
type place struct {
	part  *part // nil: in more than one
	index int32
}

func (m *Model) folded() *index {
	m.once.Do(func() {
		x := &index{
			all: map[string]place{}, prefixed: map[string]place{}, parts: map[*part]map[string]int32{},
			components: map[string]*part{}, alike: map[string]*part{},
		}
		x.add(&m.root)
		for i := range m.components {
			p := &m.components[i]
			x.add(p)
			x.components[p.name] = p
			name := convert.Fold(p.name)
			if _, twice := x.alike[name]; twice {
				p = nil
			}
			x.alike[name] = p
		}
		m.index = x
	})
	return m.index
}

func (x *index) add(p *part) {
	own := make(map[string]int32, len(p.table.telemetry))
	for i := range p.table.telemetry {
		name := convert.Fold(p.table.telemetry[i].Name)
		if _, twice := own[name]; twice {
			own[name] = -1
		} else {
			own[name] = int32(i)
		}
		set(x.all, name, place{p, int32(i)})
		if p.name != "" {
			set(x.prefixed, convert.Fold(p.name)+name, place{p, int32(i)})
		}
	}
	x.parts[p] = own
}

// set notes the place of a name, or that there is more than one.
func set(places map[string]place, name string, p place) {
	if _, twice := places[name]; twice {
		p = place{}
	}
	places[name] = p
}

// component finds the component of a name, which may differ in form.
func (m *Model) component(name string) *part {
	if len(m.components) == 0 {
		return nil
	}
	x := m.folded()
	if p := x.components[name]; p != nil {
		return p
	}
	return x.alike[convert.Fold(name)]
}

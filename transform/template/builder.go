package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mayfly/transform/template/dtdl"
)

// Bounds of a Set, so that its memory is bounded.
const (
	maxModels    = 50_000
	maxTelemetry = 1_000_000 // of all models, what they take from others included
)

// maxExtends is how long a chain of interfaces that extend one another may be
// (DTDL v4, "Interface" has 12).
const maxExtends = 64

// Faults is all that is wrong with the models, or as much of it as helps.
type Faults = dtdl.Faults

// Builder collects models, file by file, and makes a Set of them.
type Builder struct {
	interfaces map[string]*dtdl.Interface
	order      []string
	templates  map[string]string
	faults     Faults

	contents  map[string]*contents // of interfaces, what they extend included
	telemetry int                  // of all contents
}

// NewBuilder begins a Set.
func NewBuilder() *Builder {
	return &Builder{
		interfaces: map[string]*dtdl.Interface{},
		templates:  map[string]string{},
		contents:   map[string]*contents{},
	}
}

// Add reads a file: an interface, a list of them, or a device template of IoT
// Central. It returns the identifiers of the models in it that are not parts of
// others. An error is of type [Faults], and [Builder.Set] returns it again.
func (b *Builder) Add(file string, data []byte) (roots []string, err error) {
	d, err := dtdl.Read(file, data)
	if err != nil {
		var faults Faults
		errors.As(err, &faults)
		b.faults = append(b.faults, faults...)
		return nil, err
	}
	before := len(b.faults)
	for _, i := range d.Interfaces {
		known := b.interfaces[i.ID]
		switch {
		case known == nil:
			b.interfaces[i.ID] = i
			b.order = append(b.order, i.ID)
		case known.Sum != i.Sum:
			b.fault(i, "", "%s is defined in %s:%d as well, and differently", i.ID, known.File, known.Line)
		}
	}
	maps.Copy(b.templates, d.Templates)
	if len(b.order) > maxModels {
		b.faults = append(b.faults, &dtdl.Fault{File: file, Problem: fmt.Sprintf("more than %d models", maxModels)})
	}
	if len(b.faults) > before {
		return nil, b.faults[before:]
	}
	return d.Roots, nil
}

func (b *Builder) fault(i *dtdl.Interface, path, format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	b.faults = append(b.faults, &dtdl.Fault{File: i.File, Line: i.Line, Path: path, Problem: problem})
}

// Set makes a Set of the files that were added. The error is of type [Faults]. An
// interface that is referred to and was not added is no fault, as Azure knows
// more models than an operator has at hand: see [Model.Missing].
func (b *Builder) Set() (*Set, error) {
	models := make(map[string]*Model, len(b.order))
	for _, id := range b.order {
		if len(b.faults) >= dtdl.MaxFaults {
			break
		}
		if m := b.model(b.interfaces[id]); m != nil {
			models[id] = m
		}
	}
	if len(b.faults) > 0 {
		return nil, b.faults
	}
	for template, id := range b.templates {
		if models[template] == nil {
			models[template] = models[id]
		}
	}
	return &Set{models: models}, nil
}

// model makes the model of an interface.
func (b *Builder) model(i *dtdl.Interface) *Model {
	c := b.flatten(i, nil)
	if c == nil {
		return nil
	}
	m := &Model{ID: i.ID, root: c.part, missing: slices.Clone(c.missing)}
	for _, component := range c.components {
		inner, known := b.interfaces[component.Interface]
		if !known {
			m.components = append(m.components, part{name: component.Name, open: true, table: &table{}})
			m.missing = append(m.missing, component.Interface)
			continue
		}
		of := b.flatten(inner, nil)
		switch {
		case of == nil:
			return nil
		case len(of.components) > 0:
			b.fault(i, "", "the component %s is a %s, which has components itself; DTDL does not allow that",
				component.Name, inner.ID)
			return nil
		}
		p := of.part
		p.name = component.Name
		m.components = append(m.components, p)
		m.missing = append(m.missing, of.missing...)
	}
	slices.Sort(m.missing)
	m.missing = slices.Compact(m.missing)
	return m
}

// contents is what an interface consists of, with what it takes from others.
type contents struct {
	part
	components []dtdl.Component
	owners     map[string]string // by name: the interface that has it
	missing    []string          // interfaces that were not added
	lineage    []*dtdl.Interface // all that it takes from, each once, and itself
}

// flatten puts together what an interface has and what it takes from others. It
// returns nil where there are faults. chain is how it came to the interface.
func (b *Builder) flatten(i *dtdl.Interface, chain []string) *contents {
	if at := slices.Index(chain, i.ID); at >= 0 {
		b.fault(i, "extends", "the interface extends itself: %s", strings.Join(append(chain[at:], i.ID), " -> "))
		return nil
	}
	if len(chain) >= maxExtends {
		b.fault(i, "extends", "interfaces extend one another in a chain longer than %d", maxExtends)
		return nil
	}
	if done, ok := b.contents[i.ID]; ok {
		return done
	}
	c := b.join(i, append(chain, i.ID))
	if c != nil {
		if b.telemetry += len(c.table.telemetry); b.telemetry > maxTelemetry {
			b.fault(i, "", "the models have more than %d telemetry in all", maxTelemetry)
			c = nil
		}
	}
	b.contents[i.ID] = c
	return c
}

// join does the work of flatten.
func (b *Builder) join(i *dtdl.Interface, chain []string) *contents {
	c := &contents{owners: map[string]string{}}
	var telemetry []dtdl.Telemetry
	var parents []*contents
	for _, id := range i.Extends {
		inner, known := b.interfaces[id]
		if !known {
			continue
		}
		parent := b.flatten(inner, chain)
		if parent == nil {
			return nil
		}
		parents = append(parents, parent)
	}
	for _, parent := range parents {
		if !b.inherit(i, c, parent, &telemetry) {
			return nil
		}
	}
	if !b.own(i, c) {
		return nil
	}
	c.components = append(c.components, i.Components...)
	b.trace(i, c, parents)
	if len(i.Telemetry) == 0 && len(parents) == 1 {
		c.table = parents[0].table
		return c
	}
	c.table = newTable(append(telemetry, i.Telemetry...))
	return c
}

// inherit takes what a parent has; what came by another way from the same
// interface already stays as it is.
func (b *Builder) inherit(i *dtdl.Interface, c, parent *contents, telemetry *[]dtdl.Telemetry) bool {
	for name, owner := range parent.owners {
		if first, twice := c.owners[name]; twice && first != owner {
			b.fault(i, "extends", "%s and %s both have the name %q; names of contents must differ", first, owner, name)
			return false
		}
	}
	for _, t := range parent.table.telemetry {
		if c.owners[t.Name] == "" {
			*telemetry = append(*telemetry, t)
		}
	}
	for _, component := range parent.components {
		if c.owners[component.Name] == "" {
			c.components = append(c.components, component)
		}
	}
	maps.Copy(c.owners, parent.owners)
	return true
}

// trace notes what follows from all the interfaces that contents come from.
func (b *Builder) trace(i *dtdl.Interface, c *contents, parents []*contents) {
	seen := map[string]bool{}
	add := func(i *dtdl.Interface) {
		if seen[i.ID] {
			return
		}
		seen[i.ID] = true
		c.lineage = append(c.lineage, i)
		c.open = c.open || i.Open
		if len(i.Others) > 0 {
			c.others = append(c.others, i.Others)
		}
		for _, id := range i.Extends {
			if b.interfaces[id] == nil {
				c.missing = append(c.missing, id)
				c.open = true
			}
		}
	}
	for _, parent := range parents {
		for _, one := range parent.lineage {
			add(one)
		}
	}
	add(i)
}

// own notes the names that an interface has itself.
func (b *Builder) own(i *dtdl.Interface, c *contents) bool {
	add := func(name string) bool {
		if owner, twice := c.owners[name]; twice {
			b.fault(i, "contents", "the name %q is one of %s, which the interface extends; names of contents must differ",
				name, owner)
			return false
		}
		c.owners[name] = i.ID
		return true
	}
	for _, t := range i.Telemetry {
		if !add(t.Name) {
			return false
		}
	}
	for _, component := range i.Components {
		if !add(component.Name) {
			return false
		}
	}
	for _, other := range i.Others {
		if !add(other.Name) {
			return false
		}
	}
	return true
}

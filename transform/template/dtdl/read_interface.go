package dtdl

import (
	"bytes"
	"crypto/sha256"

	"mayfly/internal/jsonscan"
)

// maxContents bounds the contents of an interface (DTDL v4, "Interface").
const maxContents = 100_000

// partition is an interface while it is read: what it may refer to is inside of
// it (DTDL.Specification.v4.md, "Partitions and referenceability").
type partition struct {
	*reader
	out     *Interface
	schemas map[string]*definition // by identifier
	names   map[string]int         // of the contents: their places
	inner   int                    // length of the text of interfaces inside
}

// iface reads an interface and returns its identifier, or "" where it has faults
// that leave none.
func (r *reader) iface(n *jsonscan.Node, c context, p *path) string {
	if !c.known() {
		return ""
	}
	if typeAmong(n, "Interface") == "" {
		r.fault(n, p, `@type does not name an Interface`)
		return ""
	}
	id := n.Get("@id")
	if id == nil || id.Kind != jsonscan.String || !ValidID(id.Text) || len(id.Text) > maxInterfaceID {
		if id == nil {
			id = n
		}
		r.fault(id, p, `@id of an interface is not a DTMI of at most %d characters, as in "dtmi:com:example:Thermostat;1"`,
			maxInterfaceID)
		return ""
	}
	if len(r.doc.Interfaces) >= maxInterfaces {
		r.fault(n, p, "more than %d interfaces in a file", maxInterfaces)
		return ""
	}
	i := &Interface{ID: id.Text, Version: c.version, File: r.file, Line: r.lineOf(r.base + n.Start)}
	r.doc.Interfaces = append(r.doc.Interfaces, i)
	part := &partition{reader: r, out: i, schemas: map[string]*definition{}, names: map[string]int{}}
	part.define(n, c, p)
	part.extends(get(n, "extends"), c, p.member("extends"))
	part.contents(get(n, "contents"), c, p.member("contents"))
	schemas := get(n, "schemas")
	for i, schema := range list(schemas) {
		part.schema(schema, n, c, p.member("schemas").at(schemas, i), 0)
	}
	part.size(n, c, p)
	r.sum.Reset()
	digest(&r.sum, n)
	i.Sum = sha256.Sum256(r.sum.Bytes())
	return i.ID
}

// size refuses an interface that is too long.
func (r *partition) size(n *jsonscan.Node, c context, p *path) {
	limit := maxInterface
	if c.version == minVersion {
		limit = maxInterfaceV2
	}
	if size := n.End - n.Start - r.inner; size > limit {
		r.fault(n, p, "the interface is %d KiB long; at most %d KiB are allowed", size>>10, limit>>10)
	}
}

// extends reads the interfaces that this one takes contents from.
func (r *partition) extends(n *jsonscan.Node, c context, p *path) {
	for i, one := range list(n) {
		if id := r.reference(one, c, p.at(n, i)); id != "" {
			r.out.Extends = append(r.out.Extends, id)
		}
	}
}

// reference reads the identifier of an interface, or the interface itself.
func (r *partition) reference(n *jsonscan.Node, c context, p *path) string {
	switch n = single(n); {
	case n == nil:
	case n.Kind == jsonscan.String && ValidID(n.Text):
		return n.Text
	case n.Kind == jsonscan.String:
		r.fault(n, p, "%s is not the identifier of an interface, as in dtmi:com:example:Thermostat;1", shown(n.Text))
	case n.Kind == jsonscan.Object && len(n.Names) == 1 && n.Get("@id") != nil:
		return r.reference(n.Get("@id"), c, p)
	case n.Kind == jsonscan.Object:
		r.inner += n.End - n.Start
		return r.iface(n, r.reader.context(n, c, p), p)
	default:
		r.fault(n, p, "want an interface or its identifier, got %s", n.Kind)
	}
	return ""
}

// contents reads what the interface consists of.
func (r *partition) contents(n *jsonscan.Node, c context, p *path) {
	values := list(n)
	if len(values) > maxContents {
		r.fault(n, p, "%d contents; at most %d are allowed", len(values), maxContents)
		return
	}
	for i, one := range values {
		switch at := p.at(n, i); {
		case one.Kind == jsonscan.String && ValidID(one.Text):
			r.out.Open = true
		case one.Kind != jsonscan.Object:
			r.fault(one, at, "want Telemetry, a Property, Command, Relationship or Component, got %s", one.Kind)
		default:
			if c := r.reader.context(one, c, at); c.known() {
				r.content(one, i, c, at)
			}
		}
	}
}

func (r *partition) content(n *jsonscan.Node, i int, c context, p *path) {
	kind := typeAmong(n, "Telemetry", "Component", "Property", "Command", "Relationship")
	if kind == "" {
		r.fault(n, p, "@type names none of Telemetry, Property, Command, Relationship, Component")
		return
	}
	name, ok := r.name(n, p)
	if !ok {
		return
	}
	if first, twice := r.names[name]; twice {
		r.fault(n, p, "the name %s is that of %s as well; names of contents must differ",
			shown(name), p.up.element(first))
		return
	}
	r.names[name] = i
	switch kind {
	case "Telemetry":
		if s := r.schema(get(n, "schema"), n, c, p.member("schema"), 0); s != nil {
			r.out.Telemetry = append(r.out.Telemetry, Telemetry{name, s})
		}
	case "Component":
		value := get(n, "schema")
		if value == nil {
			r.fault(n, p, "schema is missing; want an interface or its identifier")
			return
		}
		if id := r.reference(value, c, p.member("schema")); id != "" {
			r.out.Components = append(r.out.Components, Component{name, id})
		}
	default:
		r.out.Others = append(r.out.Others, Other{name, kind})
	}
}

// digest writes a definition in one form, without the texts for people.
func digest(b *bytes.Buffer, n *jsonscan.Node) {
	b.WriteByte(byte(n.Kind))
	b.WriteString(n.Text)
	b.WriteByte(0)
	for i, value := range n.Values {
		if n.Kind == jsonscan.Object {
			switch n.Names[i] {
			case "displayName", "description", "comment", "@context":
				continue
			}
			b.WriteString(n.Names[i])
			b.WriteByte(0)
		}
		digest(b, value)
	}
	b.WriteByte(1)
}

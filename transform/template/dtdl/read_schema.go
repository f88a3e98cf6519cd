package dtdl

import (
	"bytes"
	"strings"

	"mayfly/internal/jsonscan"
)

// maxSchemaDepth bounds schemas inside of schemas. DTDL has 5 (v2, v3) or 8 (v4),
// its extension Onvif 24.
const maxSchemaDepth = 32

// definition is a schema that has an identifier.
type definition struct {
	node    *jsonscan.Node
	context context
	path    *path
	schema  *Schema // made before it is read, as it may refer to itself
	open    bool    // while it is read
	done    bool
}

// complexTypes are the types of schemas that have parts.
var complexTypes = []string{"Array", "Enum", "Map", "Object"}

// define finds the schemas with an identifier, wherever in the interface they are.
func (r *partition) define(n *jsonscan.Node, c context, p *path) {
	for i, value := range n.Values {
		at := p.at(n, i)
		if n.Kind == jsonscan.Object {
			at = p.member(n.Names[i])
		}
		switch value.Kind {
		case jsonscan.Array:
			r.define(value, c, at)
		case jsonscan.Object:
			r.defineOne(value, c, at)
		default:
		}
	}
}

func (r *partition) defineOne(n *jsonscan.Node, c context, p *path) {
	if typeAmong(n, "Interface") != "" {
		return
	}
	if n.Get("@context") != nil {
		if c = r.reader.context(n, c, p); !c.known() {
			return
		}
	}
	if id := n.Get("@id"); id != nil && id.Kind == jsonscan.String && typeAmong(n, complexTypes...) != "" {
		switch first := r.schemas[id.Text]; {
		case first == nil:
			r.schemas[id.Text] = &definition{node: n, context: c, path: p, schema: &Schema{}}
		case !same(first.node, n):
			r.fault(n, p, "%s is the identifier of %s as well, which is something else", shown(id.Text), first.path)
		}
	}
	r.define(n, c, p)
}

// defined reads a definition, once.
func (r *partition) defined(d *definition, depth int) *Schema {
	if d.done {
		return d.schema
	}
	if d.open {
		if d.context.version < maxVersion {
			r.fault(d.node, d.path, "the schema is part of itself; DTDL %d does not allow that", d.context.version)
		}
		return d.schema
	}
	d.open = true
	if s := r.complex(d.node, d.context, d.path, depth); s != nil {
		*d.schema = *s
	}
	d.open, d.done = false, true
	return d.schema
}

// schema reads the schema of an element; owner is the element, for its place.
func (r *partition) schema(n, owner *jsonscan.Node, c context, p *path, depth int) *Schema {
	n = single(n)
	switch {
	case n == nil:
		r.fault(owner, p, "is missing; want a schema, as in \"double\"")
	case depth >= maxSchemaDepth:
		r.fault(n, p, "schemas are nested deeper than %d", maxSchemaDepth)
	case n.Kind == jsonscan.String:
		return r.named(n, c, p, depth)
	case n.Kind != jsonscan.Object:
		r.fault(n, p, "want a schema, got %s", n.Kind)
	default:
		if id := n.Get("@id"); id != nil && id.Kind == jsonscan.String {
			if d := r.schemas[id.Text]; d != nil {
				return r.defined(d, depth)
			}
			if len(n.Names) == 1 {
				return r.named(id, c, p, depth)
			}
		}
		if inner := r.reader.context(n, c, p); inner.known() {
			return r.complex(n, inner, p, depth)
		}
	}
	return nil
}

// named finds the schema that a string names.
func (r *partition) named(n *jsonscan.Node, c context, p *path, depth int) *Schema {
	if t, ok := termOf(n.Text); ok {
		if t.since > c.version {
			r.fault(n, p, "%s is a schema of DTDL %d; this is DTDL %d", shown(n.Text), t.since, c.version)
			return nil
		}
		return t.schema
	}
	if d := r.schemas[n.Text]; d != nil {
		return r.defined(d, depth)
	}
	switch nearest := nearestTerm(n.Text); {
	case strings.HasPrefix(n.Text, "dtmi:"):
		r.fault(n, p, "%s is not a schema that this interface defines", shown(n.Text))
	case nearest != "":
		r.fault(n, p, "%s is not a schema; DTDL calls it %s", shown(n.Text), nearest)
	case c.extended && n.Text != "":
		return &primitives[Any]
	default:
		r.fault(n, p, "%s is not a schema; want %s, or the identifier of a schema", shown(n.Text), termNames(c.version))
	}
	return nil
}

// complex reads a schema that has parts.
func (r *partition) complex(n *jsonscan.Node, c context, p *path, depth int) *Schema {
	switch typeAmong(n, complexTypes...) {
	case "Array":
		element := r.schema(get(n, "elementSchema"), n, c, p.member("elementSchema"), depth+1)
		if element == nil {
			return nil
		}
		return &Schema{Kind: Array, Element: element}
	case "Map":
		return r.mapping(n, c, p, depth)
	case "Object":
		return r.object(n, c, p, depth)
	case "Enum":
		return r.enum(n, p)
	}
	if c.extended && len(types(n)) > 0 {
		return &primitives[Any]
	}
	r.fault(n, p, "@type names none of Array, Enum, Map, Object")
	return nil
}

func (r *partition) mapping(n *jsonscan.Node, c context, p *path, depth int) *Schema {
	key := single(get(n, "mapKey"))
	if key != nil && key.Kind == jsonscan.Object {
		if s := single(get(key, "schema")); s != nil && s.Kind == jsonscan.String {
			if t, ok := termOf(s.Text); ok && t.schema.Kind != String {
				r.fault(s, p.member("mapKey").member("schema"), "the keys of a Map must be strings")
				return nil
			}
		}
	}
	p = p.member("mapValue")
	value := single(get(n, "mapValue"))
	if value == nil || value.Kind != jsonscan.Object {
		r.fault(n, p, `want an object, as in {"name": "value", "schema": "double"}`)
		return nil
	}
	element := r.schema(get(value, "schema"), value, c, p.member("schema"), depth+1)
	if element == nil {
		return nil
	}
	return &Schema{Kind: Map, Element: element}
}

func (r *partition) object(n *jsonscan.Node, c context, p *path, depth int) *Schema {
	s := &Schema{Kind: Object}
	p = p.member("fields")
	seen := map[string]bool{}
	fields := get(n, "fields")
	for i, field := range list(fields) {
		at := p.at(fields, i)
		if field.Kind != jsonscan.Object {
			r.fault(field, at, `want a field, as in {"name": "x", "schema": "double"}, got %s`, field.Kind)
			continue
		}
		name, ok := r.name(field, at)
		if !ok {
			continue
		}
		if seen[name] {
			r.fault(field, at, "the name %s is that of another field; names of fields must differ", shown(name))
			continue
		}
		seen[name] = true
		inner := r.reader.context(field, c, at)
		if !inner.known() {
			continue
		}
		if schema := r.schema(get(field, "schema"), field, inner, at.member("schema"), depth+1); schema != nil {
			f := Field{name, schema, required(field)}
			s.Fields, s.Required = append(s.Fields, f), s.Required || f.Required
		}
	}
	return s
}

// required reports whether a field is one that must be there (extension Requirement
// v1, "Required adjunct type").
func required(field *jsonscan.Node) bool {
	for _, t := range types(field) {
		if t == "Required" || strings.HasPrefix(t, "dtmi:dtdl:extension:requirement:") {
			return true
		}
	}
	return false
}

// same reports whether two definitions differ in nothing but texts for people.
func same(a, b *jsonscan.Node) bool {
	var x, y bytes.Buffer
	digest(&x, a)
	digest(&y, b)
	return bytes.Equal(x.Bytes(), y.Bytes())
}

package dtdl

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mayfly/internal/jsonscan"
)

// MaxFile bounds a file of models. DTDL has no such bound ("A file ... may be
// arbitrarily large", DTDL v4, "Interface").
const MaxFile = 32 << 20

// maxInterface bounds the text of one interface, without those inside of it
// (DTDL v4, "Interface"); v2 has no such bound.
const (
	maxInterface   = 1 << 20
	maxInterfaceV2 = 4 << 20
)

// maxInterfaces bounds the interfaces of a file.
const maxInterfaces = 20000

// Read reads a file. The error is of type [Faults].
func Read(file string, data []byte) (*Document, error) {
	r := &reader{file: file, data: data, doc: &Document{Templates: map[string]string{}}}
	r.read()
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	r.doc.Roots = r.roots()
	return r.doc, nil
}

// reader reads one file.
type reader struct {
	file   string
	data   []byte
	base   int // offset in data of the text that the nodes are of
	doc    *Document
	faults Faults

	sum          bytes.Buffer // a definition in one form
	line, offset int          // how far lines were counted, for places that follow one another
}

// fault notes what is wrong with a node.
func (r *reader) fault(n *jsonscan.Node, p *path, format string, args ...any) {
	offset := 0
	if n != nil {
		offset = n.Start
	}
	r.faultAt(r.base+offset, p.String(), format, args...)
}

func (r *reader) faultAt(offset int, path, format string, args ...any) {
	if len(r.faults) >= MaxFaults {
		return
	}
	problem := fmt.Sprintf(format, args...)
	r.faults = append(r.faults, &Fault{File: r.file, Line: r.lineOf(offset), Path: path, Problem: problem})
}

// lineOf counts the line of an offset, from where it counted last.
func (r *reader) lineOf(offset int) int {
	offset = min(offset, len(r.data))
	if offset < r.offset || r.line == 0 {
		r.line, r.offset = 1, 0
	}
	r.line += bytes.Count(r.data[r.offset:offset], []byte("\n"))
	r.offset = offset
	return r.line
}

func (r *reader) read() {
	if len(r.data) > MaxFile {
		r.faultAt(0, "", "the file is %d MiB; at most %d MiB are read", len(r.data)>>20, MaxFile>>20)
		return
	}
	text := bytes.TrimPrefix(r.data, []byte("\xef\xbb\xbf"))
	r.base = len(r.data) - len(text)
	if !utf8.Valid(text) {
		r.faultAt(0, "", "the file is not UTF-8; a DTDL model is JSON in UTF-8")
		return
	}
	if !jsonscan.Valid(text) {
		_, err := jsonscan.Parse(text)
		r.parseFault(err, nil)
		return
	}
	r.value(text, nil, 0)
}

// maxLists bounds lists inside of lists, of which Azure's own parser makes nothing.
const maxLists = 4

// value reads a text that is an interface, a device template, or a list of them:
// each one by itself, so that a long list needs no more memory than its longest part.
func (r *reader) value(text []byte, p *path, lists int) {
	trimmed := jsonscan.Trim(text)
	if len(trimmed) == 0 || trimmed[0] != '[' {
		r.top(text, p)
		return
	}
	if lists >= maxLists {
		r.faultAt(r.base, p.String(), "lists are nested deeper than %d", maxLists)
		return
	}
	base := r.base
	it := jsonscan.Elements(text)
	for i := 0; it.Next() && len(r.faults) < MaxFaults; i++ {
		r.base = base + it.Start
		r.value(it.Value, p.element(i), lists+1)
	}
	r.base = base
}

func (r *reader) parseFault(err error, p *path) {
	offset := 0
	if wrong, ok := errors.AsType[*jsonscan.Error](err); ok {
		offset = wrong.Offset
	}
	r.faultAt(r.base+offset, p.String(), "%s", err.Error())
}

// top reads an object of the top level.
func (r *reader) top(text []byte, p *path) {
	n, err := jsonscan.Parse(text)
	if err != nil {
		r.parseFault(err, p)
		return
	}
	if n.Kind != jsonscan.Object {
		r.fault(n, p, "want an interface or a device template, got %s", n.Kind)
		return
	}
	if capability := n.Get("capabilityModel"); capability != nil {
		r.template(n, capability, p)
		return
	}
	if page := n.Get("value"); page != nil && page.Kind == jsonscan.Array && n.Get("@type") == nil {
		r.base += page.Start // a page of device templates, as IoT Central's REST API lists them
		r.value(text[page.Start:page.End], p.member("value"), 0)
		return
	}
	context := r.context(n, context{}, p)
	if !context.known() {
		return
	}
	r.iface(n, context, p)
}

// template reads a device template of IoT Central: the interface is its
// capabilityModel. Devices name either of the two identifiers as their model.
func (r *reader) template(n, capability *jsonscan.Node, p *path) {
	context := context{version: 2}
	if n.Get("@context") != nil {
		context = r.context(n, context, p)
	}
	p = p.member("capabilityModel")
	if capability.Kind != jsonscan.Object {
		r.fault(capability, p, "want an interface, got %s", capability.Kind)
		return
	}
	id := r.iface(capability, r.context(capability, context, p), p)
	if own := n.Get("@id"); id != "" && own != nil && own.Kind == jsonscan.String && own.Text != id {
		r.doc.Templates[own.Text] = id
	}
}

// roots finds the interfaces of the top level that nothing refers to.
func (r *reader) roots() []string {
	referred := map[string]bool{}
	for _, i := range r.doc.Interfaces {
		for _, id := range i.Extends {
			referred[id] = true
		}
		for _, c := range i.Components {
			referred[c.Interface] = true
		}
	}
	var list []string
	for _, i := range r.doc.Interfaces {
		if !referred[i.ID] && !slices.Contains(list, i.ID) {
			list = append(list, i.ID)
		}
	}
	return list
}

// context is what the @context of an element and of those around it say.
type context struct {
	version  int  // of DTDL
	extended bool // by a language extension, whose terms are not known here
}

func (c context) known() bool { return c.version > 0 }

// The versions of DTDL that are read.
const (
	minVersion = 2
	maxVersion = 4
)

const dtdlContext = "dtmi:dtdl:context;"

// context reads the @context of an element, which adds to that of the elements
// around it.
func (r *reader) context(n *jsonscan.Node, outer context, p *path) context {
	value := n.Get("@context")
	if value == nil {
		if !outer.known() {
			r.fault(n, p, `@context is missing; want "dtmi:dtdl:context;2", ";3" or ";4"`)
		}
		return outer
	}
	p = p.member("@context")
	for _, one := range list(value) {
		if one.Kind != jsonscan.String {
			r.fault(one, p, "want a string or a list of strings, got %s", one.Kind)
			return context{}
		}
		if !r.addContext(&outer, one, p) {
			return context{}
		}
	}
	if !outer.known() {
		r.fault(value, p, `no version of DTDL is named; want "dtmi:dtdl:context;2", ";3" or ";4"`)
	}
	return outer
}

// addContext adds one identifier.
func (r *reader) addContext(c *context, n *jsonscan.Node, p *path) bool {
	name, _, _ := strings.Cut(n.Text, "#") // #limitless and #limits change bounds only
	if version, ok := strings.CutPrefix(name, dtdlContext); ok {
		if len(version) != 1 || int(version[0]-'0') < minVersion || int(version[0]-'0') > maxVersion {
			r.fault(n, p, "%s is not a version of DTDL that is read; want 2, 3 or 4", shown(n.Text))
			return false
		}
		c.version = int(version[0] - '0')
		return true
	}
	switch {
	case strings.HasPrefix(name, "http://azureiot.com/v1/"):
		r.fault(n, p, `%s is DTDL version 1, of the preview; want "dtmi:dtdl:context;2", ";3" or ";4"`, shown(n.Text))
	case !ValidID(name):
		r.fault(n, p, `%s is not a context; want "dtmi:dtdl:context;2", ";3" or ";4", or the identifier of an extension`,
			shown(n.Text))
	default:
		// The extensions of DTDL itself and IoT Central's have no schemas but those that
		// are known here (DTDL.Extensions.md).
		central := strings.HasPrefix(name, "dtmi:iotcentral:")
		if central && !c.known() {
			c.version = 2 // which IoT Central takes it for where it stands alone
		}
		c.extended = c.extended || !central && !strings.HasPrefix(name, "dtmi:dtdl:")
		return true
	}
	return false
}

// list returns the elements of an array, or the value itself. Azure's own parser
// takes those of arrays inside of it for its own.
func list(n *jsonscan.Node) []*jsonscan.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind != jsonscan.Array:
		return []*jsonscan.Node{n}
	case !slices.ContainsFunc(n.Values, func(v *jsonscan.Node) bool { return v.Kind == jsonscan.Array }):
		return n.Values
	}
	var all []*jsonscan.Node
	for _, v := range n.Values {
		all = append(all, list(v)...)
	}
	return all
}

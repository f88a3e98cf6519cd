package draft

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template"
	"mayfly/transform/template/convert"
	"mayfly/transform/template/dtdl"
)

// Message is one message to draft a model for.
type Message struct {
	Component string
	Body      []byte // a JSON object
}

// Draft is a model, and what it leaves out.
type Draft struct {
	Model   []byte // an interface of DTDL 2
	Omitted []Omission
}

// Omission is a member that is not in the model.
type Omission struct {
	Path   string
	Reason string
}

// Limits of DTDL 2 (DTDL.v2.md): contents of an interface, fields of an object,
// and the length of a name.
const (
	maxContents = 300
	maxFields   = 30
	maxName     = 64
	maxLevels   = 5 // of schemas
)

// iface, content and the others are DTDL as it is written.
type iface struct {
	Context     any       `json:"@context,omitempty"`
	ID          string    `json:"@id"`
	Type        string    `json:"@type"`
	DisplayName string    `json:"displayName,omitempty"`
	Contents    []content `json:"contents"`
}

type content struct {
	Type        any    `json:"@type"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Schema      any    `json:"schema"`
	Unit        string `json:"unit,omitempty"`
}

type object struct {
	Type   string  `json:"@type"`
	Fields []field `json:"fields"`
}

type field struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Schema      any    `json:"schema"`
}

type array struct {
	Type          string `json:"@type"`
	ElementSchema any    `json:"elementSchema"`
}

type mapping struct {
	Type     string `json:"@type"`
	MapKey   field  `json:"mapKey"`
	MapValue field  `json:"mapValue"`
}

// The contexts of a draft.
const (
	contextDTDL    = "dtmi:dtdl:context;2"
	contextCentral = "dtmi:iotcentral:context;2"
)

// New drafts a model with that identifier for messages.
func New(id, displayName string, messages []Message) (Draft, error) {
	if !dtdl.ValidID(id) || !strings.Contains(id, ";") || strings.Contains(id, ".") {
		return Draft{}, fmt.Errorf("%q is not the identifier of a model in DTDL 2, as in dtmi:com:example:Thermostat;1",
			id)
	}
	var root shape
	var components []*member
	for i, m := range messages {
		if !jsonscan.Valid(m.Body) || jsonscan.KindOf(jsonscan.Trim(m.Body)) != jsonscan.Object {
			return Draft{}, fmt.Errorf("message %d is not a JSON object", i)
		}
		of := &root
		if m.Component != "" {
			of = component(&components, m.Component)
		}
		of.addMembers(m.Body, 0)
	}
	d := drafter{}
	model := iface{Context: contextDTDL, ID: id, Type: "Interface", DisplayName: cut(displayName)}
	model.Contents = d.contents(&root, "", maxContents-len(components))
	if err := d.components(&model, components); err != nil {
		return Draft{}, err
	}
	for len(model.Contents) > 0 {
		if d.central {
			model.Context = []string{contextDTDL, contextCentral}
		}
		text, err := write(model)
		if err != nil {
			return Draft{}, err
		}
		path, err := prove(id, text, messages)
		if err != nil {
			return Draft{}, err
		}
		if path == "" {
			return Draft{text, d.omitted}, nil
		}
		d.drop(&model, path)
	}
	return Draft{Omitted: d.omitted}, errors.New("nothing in the messages can be modelled")
}

// prove checks that the messages fit the model. It returns the path of a member that
// does not, which comes of members that are left out and are like others.
func prove(id string, model []byte, messages []Message) (path string, err error) {
	b := template.NewBuilder()
	if _, err := b.Add("draft", model); err != nil {
		return "", err
	}
	set, err := b.Set()
	if err != nil {
		return "", err
	}
	for _, m := range messages {
		in := template.Input{ModelID: id, Component: m.Component, Body: m.Body}
		_, err := set.Fit(in, template.Policy{Mode: template.Require})
		if mismatch, ok := errors.AsType[*template.Mismatch](err); ok {
			return mismatch.Findings[0].Path, nil
		}
	}
	return "", nil
}

// drop takes the telemetry out that a path leads to: what has the longest of the
// names that the path begins with, but for their form; whatever comes last if there
// is none.
func (d *drafter) drop(model *iface, path string) {
	folded, longest := convert.Fold(strings.Trim(path, `"`)), ""
	model.telemetry(func(c content) bool {
		if name := convert.Fold(c.Name); strings.HasPrefix(folded, name) && len(name) > len(longest) {
			longest = name
		}
		return false
	})
	d.omit(path, "not all of the messages fit what is like it")
	if longest == "" {
		model.Contents = model.Contents[:len(model.Contents)-1]
		return
	}
	model.telemetry(func(c content) bool { return convert.Fold(c.Name) == longest })
}

// telemetry goes over the telemetry of an interface and its components, and takes
// out what remove tells it to, and the components that are empty then.
func (m *iface) telemetry(remove func(c content) bool) {
	m.Contents = slices.DeleteFunc(m.Contents, func(c content) bool {
		inner, ok := c.Schema.(*iface)
		if !ok {
			return remove(c)
		}
		inner.telemetry(remove)
		return len(inner.Contents) == 0
	})
}

func component(list *[]*member, name string) *shape {
	for _, m := range *list {
		if m.name == name {
			return &m.shape
		}
	}
	m := &member{name: name}
	*list = append(*list, m)
	return &m.shape
}

func write(model iface) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(model)
	return b.Bytes(), err
}

func cut(text string) string {
	if r := []rune(text); len(r) > maxName {
		return string(r[:maxName])
	}
	return text
}

// drafter writes schemas.
type drafter struct {
	omitted []Omission
	central bool // a schema of IoT Central's is used
}

// maxOmitted bounds the members that are listed.
const maxOmitted = 200

func (d *drafter) omit(path, reason string) {
	if len(d.omitted) < maxOmitted {
		d.omitted = append(d.omitted, Omission{path, reason})
	}
}

// components adds each component with the interface that it is of.
func (d *drafter) components(model *iface, list []*member) error {
	path, version, _ := strings.Cut(model.ID, ";")
	for _, m := range list {
		if !dtdl.ValidName(m.name) || len(m.name) > maxName || strings.HasSuffix(m.name, "_") {
			d.omit(m.name, "DTDL does not allow the name of this component")
			continue
		}
		inner := &iface{ID: path + ":" + m.name + ";" + version, Type: "Interface"}
		inner.Contents = d.contents(&m.shape, m.name, maxContents)
		if len(inner.ID) > 128 {
			return fmt.Errorf("the identifier %s of a component is longer than 128 characters", inner.ID)
		}
		if len(inner.Contents) == 0 {
			continue
		}
		for _, c := range model.Contents {
			if c.Name == m.name {
				return fmt.Errorf("%q is the name of a component and of telemetry as well", m.name)
			}
		}
		model.Contents = append(model.Contents, content{Type: "Component", Name: m.name, Schema: inner})
	}
	return nil
}

// contents drafts the telemetry of an interface.
func (d *drafter) contents(s *shape, path string, limit int) []content {
	contents := []content{}
	for i, name := range d.names(s.members, path) {
		m := s.members[i]
		if name == "" {
			continue
		}
		at := join(path, m.name)
		schema := d.schema(&m.shape, at, 0)
		if schema == nil {
			continue
		}
		if len(contents) == limit {
			d.omit(at, fmt.Sprintf("DTDL 2 allows %d contents", maxContents))
			continue
		}
		c := content{Type: "Telemetry", Name: name, Schema: schema, DisplayName: otherwise(m.name, name)}
		switch kind, unit := meaning(m.name, s.members); {
		case kind != "" && (schema == "double" || schema == "integer" || schema == "long"):
			c.Type, c.Unit = []string{"Telemetry", kind}, unit
		case schema == "geopoint" || schema == "point":
			c.Type = []string{"Telemetry", "Location"}
			d.central = true
		}
		contents = append(contents, c)
	}
	return contents
}

// otherwise returns what the sender calls a member, where the model cannot.
func otherwise(name, modelled string) string {
	if name == modelled {
		return ""
	}
	return cut(name)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

package enrich

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Step says what is added to a message, and from where.
type Step struct {
	Table     string       `yaml:"table"`     // name of the table that has the rows
	Lookup    string       `yaml:"lookup"`    // name of the look-up that is asked instead
	On        mapping.Expr `yaml:"on"`        // the key, over the measurements and $message: .serial, $message.deviceId
	Put       string       `yaml:"put"`       // where fields go: properties, body, or a path in the body, as in .asset
	Fields    Fields       `yaml:"fields"`    // of the row, or {name here: name in the row}; all when left out
	Missing   Missing      `yaml:"missing"`   // without a row: ignore, refuse, or values, as in {site: unknown}
	Failed    string       `yaml:"failed"`    // while nobody can say whether there is a row: ignore or refuse
	Overwrite bool         `yaml:"overwrite"` // also what the device has sent itself
}

// Name returns the name of the table or the look-up.
func (s *Step) Name() string { return s.Table + s.Lookup }

// what names the step for people.
func (s *Step) what() string {
	if s.Lookup != "" {
		return "the look-up " + s.Lookup
	}
	return "the table " + s.Table
}

// Field is a field of a row and its name in the message.
type Field struct{ To, From string }

// Fields are fields of a row: in YAML a list of names, or an object with the names in the message.
type Fields []Field

var errFields = errors.New("want a list, as in [site, room], or names, as in {place: site}")

// UnmarshalYAML reads either form.
func (f *Fields) UnmarshalYAML(unmarshal func(any) error) error {
	var names []string
	if unmarshal(&names) == nil {
		*f = make(Fields, len(names))
		for i, name := range names {
			(*f)[i] = Field{name, name}
		}
		return nil
	}
	var renamed map[string]string
	if unmarshal(&renamed) != nil {
		return errFields
	}
	*f = nil
	for _, name := range slices.Sorted(maps.Keys(renamed)) {
		*f = append(*f, Field{name, renamed[name]})
	}
	return nil
}

// Missing is what happens to a message without a row.
type Missing struct {
	Said   bool // it is not left out
	Refuse bool
	Values map[string]any // of the fields that are not in the row either, by their names in the message
}

var errMissing = errors.New("want ignore, refuse, or values, as in {site: unknown}")

// UnmarshalYAML reads ignore, refuse, or the values; numbers keep their digits.
func (m *Missing) UnmarshalYAML(node ast.Node) error {
	*m = Missing{Said: true}
	switch n := node.(type) {
	case *ast.StringNode:
		if m.Refuse = n.Value == "refuse"; m.Refuse || n.Value == "ignore" {
			return nil
		}
	case *ast.MappingNode:
		return m.values(n.Values)
	case *ast.MappingValueNode:
		return m.values([]*ast.MappingValueNode{n})
	}
	return placed(node, errMissing)
}

func (m *Missing) values(pairs []*ast.MappingValueNode) error {
	m.Values = map[string]any{}
	for _, pair := range pairs {
		value, err := scalar(pair.Value)
		if err != nil {
			return err
		}
		m.Values[pair.Key.GetToken().Value] = value
	}
	return nil
}

func scalar(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode:
		if number, ok := message.ParseNumber(n.GetToken().Value); ok {
			return number, nil
		}
	}
	return nil, placed(node, errors.New("want a text, a number or a boolean"))
}

func placed(node ast.Node, err error) error {
	at := node.GetToken().Position
	return fmt.Errorf("[%d:%d] %w", at.Line, at.Column, err)
}

// put is where fields go.
type put struct {
	properties bool
	path       []string // of an object in the body; empty: the body itself
}

// parsePut reads where fields go.
func parsePut(text string) (p put, ok bool) {
	switch text {
	case "", "properties":
		return put{properties: true}, true
	case "body", ".":
		return put{}, true
	}
	names := strings.Split(strings.TrimPrefix(text, "."), ".")
	const maxPath = 8
	for _, name := range names {
		if name == "" || len(name) > 64 || strings.TrimLeft(name, "0123456789") != name || !plainName(name) {
			return put{}, false
		}
	}
	return put{path: names}, len(names) <= maxPath
}

func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !message.IsAlphanumeric(c) && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// validProperty tells whether a field may be a property: not one of the system's.
func validProperty(name string) bool {
	lower := strings.ToLower(name)
	return message.ValidProperty(name) && !strings.HasPrefix(lower, "iothub-") && !strings.HasPrefix(lower, "$.")
}

package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Template is a deployment template.
type Template struct {
	Schema         string               `json:"$schema"`
	ContentVersion string               `json:"contentVersion"`
	Metadata       map[string]any       `json:"metadata"`
	Parameters     map[string]Parameter `json:"parameters"`
	Variables      map[string]any       `json:"variables"`
	Resources      []Resource           `json:"resources"`
	Outputs        map[string]Output    `json:"outputs"`

	expressions []place
}

// Parameter is what a deployment may be given.
type Parameter struct {
	Type          string         `json:"type"`
	DefaultValue  any            `json:"defaultValue"`
	AllowedValues []any          `json:"allowedValues"`
	MinLength     *int           `json:"minLength"`
	MaxLength     *int           `json:"maxLength"`
	MinValue      *float64       `json:"minValue"`
	MaxValue      *float64       `json:"maxValue"`
	Metadata      map[string]any `json:"metadata"`
}

// Secret tells whether Azure keeps the parameter out of its records.
func (p Parameter) Secret() bool { return p.Type == "securestring" || p.Type == "secureObject" }

// Resource is one resource, with expressions or, from Resolve, without.
type Resource struct {
	Condition  any            `json:"condition,omitempty"`
	Type       string         `json:"type"`
	APIVersion string         `json:"apiVersion"`
	Name       string         `json:"name"`
	Scope      string         `json:"scope,omitempty"`
	Location   string         `json:"location,omitempty"`
	Tags       any            `json:"tags,omitempty"`
	Kind       string         `json:"kind,omitempty"`
	SKU        map[string]any `json:"sku,omitempty"`
	Identity   map[string]any `json:"identity,omitempty"`
	DependsOn  []string       `json:"dependsOn,omitempty"`
	Properties any            `json:"properties,omitempty"`
}

// Output is what a deployment tells when it is done.
type Output struct {
	Type     string         `json:"type"`
	Value    any            `json:"value"`
	Metadata map[string]any `json:"metadata"`
}

// place is an expression and where it stands.
type place struct {
	path string
	node Node
}

// Parse reads a template. Members that it does not know and expressions that do not
// parse are errors, all of them at once.
func Parse(text []byte) (*Template, error) {
	t := &Template{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(t); err != nil {
		return nil, err
	}
	tree, err := plain(t)
	if err != nil {
		return nil, err
	}
	var errs []error
	walkStrings("", tree, func(path, s string) {
		if !IsExpression(s) {
			return
		}
		node, err := ParseExpression(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
			return
		}
		t.expressions = append(t.expressions, place{path, node})
	})
	return t, errors.Join(errs...)
}

// plain turns a value into maps, slices, strings, numbers and booleans.
func plain(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	err = json.Unmarshal(text, &tree)
	return tree, err
}

// walkStrings calls visit for every string of a tree, keys included.
func walkStrings(path string, tree any, visit func(path, s string)) {
	switch v := tree.(type) {
	case string:
		visit(path, v)
	case []any:
		for i, e := range v {
			walkStrings(fmt.Sprintf("%s[%d]", path, i), e, visit)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			visit(path, k)
			walkStrings(path+"/"+k, v[k], visit)
		}
	}
}

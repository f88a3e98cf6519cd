package sample

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"mayfly/transform/message"
)

// Data is a value that stands in the YAML of a sample, as JSON. Numbers keep their digits.
type Data json.RawMessage

// UnmarshalYAML reads any value.
func (d *Data) UnmarshalYAML(node ast.Node) error {
	value, err := valueOf(node)
	if err != nil {
		return err
	}
	text, err := message.Marshal(value)
	*d = text
	return err
}

func valueOf(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.NullNode:
		return nil, nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode:
		if number, ok := message.ParseNumber(n.GetToken().Value); ok {
			return number, nil
		}
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, element := range n.Values {
			var err error
			if list[i], err = valueOf(element); err != nil {
				return nil, err
			}
		}
		return list, nil
	case *ast.MappingNode:
		return objectOf(n.Values)
	case *ast.MappingValueNode:
		return objectOf([]*ast.MappingValueNode{n})
	}
	at := node.GetToken().Position
	return nil, fmt.Errorf("[%d:%d] %w", at.Line, at.Column, errData)
}

var errData = errors.New("want a value as JSON has it: an object, a list, a text, a number, a boolean or null")

func objectOf(pairs []*ast.MappingValueNode) (any, error) {
	object := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		value, err := valueOf(pair.Value)
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, nil
}

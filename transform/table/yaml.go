package table

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"mayfly/internal/settings"
	"mayfly/internal/yamlnode"
	"mayfly/transform/message"
)

// readYAML reads a list of mappings, or a mapping of mappings by key.
func (b *builder) readYAML(data []byte) {
	r := yamlReader{builder: b, left: maxNodes}
	err := settings.Guard(func() error {
		file, err := parser.ParseBytes(data, 0)
		if err != nil {
			return err
		}
		switch {
		case len(file.Docs) == 0 || file.Docs[0].Body == nil:
			b.fault(ErrMissingKey, place{1, 1}, "is empty: want a list of rows, each with a %s", message.Quote(b.key))
		case len(file.Docs) > 1:
			b.fault(ErrMalformed, at(file.Docs[1]), "a second document after --- would not be read: use one document")
		default:
			r.Anchors = yamlnode.Of(file.Docs[0].Body)
			r.rows(file.Docs[0].Body)
		}
		return nil
	})
	if err == nil {
		return
	}
	where, problem := place{}, err.Error()
	if placed, ok := errors.AsType[yaml.Error](err); ok {
		problem = placed.GetMessage()
		if at := placed.GetToken(); at != nil && at.Position != nil {
			where = placeAt(at.Position)
		}
	}
	b.fault(ErrMalformed, where, "is not YAML: %s", problem)
}

const (
	maxNodes = 4_000_000 // that aliases may make of a file
	maxDepth = 32        // of a value
)

// yamlReader reads rows out of nodes.
type yamlReader struct {
	*builder
	yamlnode.Anchors

	left int // nodes
}

func (r *yamlReader) rows(body ast.Node) {
	body = r.Resolve(body)
	if list, ok := body.(*ast.SequenceNode); ok {
		for _, node := range list.Values {
			if r.full {
				return
			}
			r.object(node, nil)
		}
		return
	}
	pairs, ok := r.Pairs(body, maxDepth, &r.left)
	if !ok {
		r.fault(ErrMalformed, at(body), "is not a table: want a list of rows, or rows by their keys")
		return
	}
	r.column(r.key, place{1, 1})
	for _, pair := range pairs {
		if r.full {
			return
		}
		key := cell{text: pair.Key.GetToken().Value}
		r.object(pair.Value, &key)
	}
}

// object takes a row. key is that of the row where it stands outside of it.
func (r *yamlReader) object(node ast.Node, key *cell) {
	pairs, ok := r.Pairs(r.Resolve(node), maxDepth, &r.left)
	where := at(node)
	if !ok {
		r.fault(ErrMalformed, where, "the row is not a mapping, as in {%s: ...}", r.key)
		return
	}
	cells := make([]cell, 0, len(pairs))
	seen := map[string]bool{}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		if seen[name] {
			continue // merged, and said by the row itself
		}
		seen[name] = true
		value, err := r.value(pair.Value, 0)
		if err != nil {
			r.fault(ErrMalformed, at(pair.Value), "%v", err)
			return
		}
		c, ok := cellOfValue(value)
		if name == r.key && key == nil {
			key, where = &c, at(pair.Value)
			continue
		}
		if c.column = r.column(name, where); c.column < 0 {
			return
		}
		if ok && name != r.key {
			cells = append(cells, c)
		}
	}
	if key == nil {
		r.fault(ErrMissingKey, where, "the row has no %s, by which it is found%s", message.Quote(r.key),
			nearest(r.key, r.columns))
		return
	}
	r.row(where, *key, cells)
}

// cellOfValue makes a cell of a value; false for what is no value.
func cellOfValue(value any) (cell, bool) {
	switch value := value.(type) {
	case nil:
		return cell{}, false
	case bool:
		if value {
			return cell{kind: isTrue, text: ""}, true
		}
		return cell{kind: isFalse, text: ""}, true
	case string:
		return cell{text: value}, value != ""
	}
	if number, ok := message.NumberText(value); ok {
		return cell{kind: isNumber, text: number}, true
	}
	text, err := message.Marshal(value)
	return cell{kind: isJSON, text: string(text)}, err == nil
}

var errNodes = errors.New("the table becomes too large by its aliases, or is nested too deep")

// value gives a node as a value: numbers as they are written.
func (r *yamlReader) value(node ast.Node, depth int) (any, error) {
	node = r.Resolve(node)
	if r.left--; r.left < 0 || depth > maxDepth {
		return nil, errNodes
	}
	switch n := node.(type) {
	case nil:
		return nil, errors.New("the alias has no meaning")
	case *ast.NullNode:
		return nil, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode:
		return number(n)
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, element := range n.Values {
			var err error
			if list[i], err = r.value(element, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	pairs, ok := r.Pairs(node, maxDepth, &r.left)
	if !ok {
		return nil, errors.New("the value is not a text, a number, a boolean, a list or a mapping")
	}
	object := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		if _, has := object[name]; has {
			continue
		}
		value, err := r.value(pair.Value, depth+1)
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, nil
}

// number gives a number as it is written, or in decimal; a needless zero in front makes a text of it, as in CSV.
func number(node ast.Node) (any, error) {
	text := node.GetToken().Value
	if n, ok := message.ParseNumber(text); ok {
		return n, nil
	}
	if strings.Trim(text, "0123456789") == "" {
		return text, nil
	}
	if scalar, ok := node.(ast.ScalarNode); ok {
		if n, ok := message.ParseNumber(fmt.Sprint(scalar.GetValue())); ok {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%s is not a number that a message can have", message.Quote(text))
}

// at gives the place of a node.
func at(node ast.Node) place {
	line, column := yamlnode.Position(node)
	return place{uint32(line), uint32(column)}
}

func placeAt(p *token.Position) place {
	return place{uint32(p.Line), uint32(p.Column)}
}

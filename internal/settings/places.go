package settings

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Places tells where the members of a YAML text stand. The zero value knows none.
type Places struct {
	root    ast.Node
	anchors map[string]ast.Node
}

// NewPlaces reads the places of a text. It knows none of a text that is not YAML.
func NewPlaces(text []byte) *Places {
	p := &Places{anchors: map[string]ast.Node{}}
	_ = Guard(func() error {
		file, err := parser.ParseBytes(text, 0)
		if err != nil || len(file.Docs) == 0 {
			return err
		}
		p.root = file.Docs[0].Body
		if p.root != nil {
			ast.Walk(anchorVisitor(p.anchors), p.root)
		}
		return nil
	})
	return p
}

// anchorVisitor collects what anchors name.
type anchorVisitor map[string]ast.Node

// Visit implements [ast.Visitor].
func (v anchorVisitor) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		v[anchor.Name.GetToken().Value] = anchor.Value
	}
	return v
}

// At gives line and column, from 1, of a member such as callers[1].keys[0]; where
// the member is missing, those of the nearest one around it. 0, 0 is no place.
func (p *Places) At(path string) (line, column int) {
	at := p.root
	for node := p.root; node != nil; {
		at = node
		node, path = p.child(node, path)
	}
	return position(at)
}

// child gives the node of the first step of a path, and the rest of the path; nil
// where there is no step or no such node.
func (p *Places) child(node ast.Node, path string) (ast.Node, string) {
	node = p.resolve(node)
	if list, ok := node.(*ast.SequenceNode); ok {
		number, rest, found := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(number)
		if !found || err != nil || i < 0 || i >= len(list.Values) {
			return nil, ""
		}
		return list.Values[i], rest
	}
	path = strings.TrimPrefix(path, ".")
	for _, pair := range p.pairs(node) {
		// Names may have dots in them, so the path is compared with each.
		rest, ok := strings.CutPrefix(path, keyOf(pair))
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && keyOf(pair) != "" {
			return pair.Value, rest
		}
	}
	return nil, ""
}

// resolve gives what an alias or an anchor stands for.
func (p *Places) resolve(node ast.Node) ast.Node {
	for range 100 { // an alias may name itself
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			node = p.anchors[n.Value.GetToken().Value]
		case *ast.TagNode:
			node = n.Value
		default:
			return node
		}
	}
	return nil
}

// pairs gives the members of a mapping: its own, then those that it merges.
func (p *Places) pairs(node ast.Node) []*ast.MappingValueNode {
	return p.merged(node, 10)
}

func (p *Places) merged(node ast.Node, depth int) []*ast.MappingValueNode {
	var all []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		all = n.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{n}
	}
	var own, others []*ast.MappingValueNode
	for _, pair := range all {
		if pair.Key.Type() != ast.MergeKeyType {
			own = append(own, pair)
		} else if depth > 0 {
			others = append(others, p.merged(p.resolve(pair.Value), depth-1)...)
		}
	}
	return slices.Concat(own, others)
}

func keyOf(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }

// position is that of a node's first character.
func position(node ast.Node) (line, column int) {
	switch n := node.(type) {
	case nil:
		return 0, 0
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return position(n.Values[0])
		}
	case *ast.MappingValueNode:
		return position(n.Key)
	}
	token := node.GetToken()
	if token == nil || token.Position == nil {
		return 0, 0
	}
	return token.Position.Line, token.Position.Column
}

// Find gives the path of the first text for which a function holds; empty where there
// is none.
func (p *Places) Find(holds func(text string) bool) string {
	return p.find(p.root, "", holds, 100)
}

func (p *Places) find(node ast.Node, path string, holds func(string) bool, depth int) string {
	if depth == 0 {
		return ""
	}
	switch n := node.(type) { // aliases stand for what is elsewhere
	case *ast.AnchorNode:
		return p.find(n.Value, path, holds, depth-1)
	case *ast.TagNode:
		return p.find(n.Value, path, holds, depth-1)
	case *ast.StringNode:
		if holds(n.Value) {
			return path
		}
	case *ast.SequenceNode:
		for i, element := range n.Values {
			if found := p.find(element, path+"["+strconv.Itoa(i)+"]", holds, depth-1); found != "" {
				return found
			}
		}
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if found := p.find(pair.Value, join(path, keyOf(pair)), holds, depth-1); found != "" {
				return found
			}
		}
	case *ast.MappingValueNode:
		return p.find(n.Value, join(path, keyOf(n)), holds, depth-1)
	}
	return ""
}

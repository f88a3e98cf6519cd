package settings

import (
	"math"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mayfly/internal/yamlnode"
)

// Places tells where the members of a YAML text stand. The zero value knows none.
type Places struct {
	root    ast.Node
	anchors yamlnode.Anchors
}

// NewPlaces reads the places of a text. It knows none of a text that is not YAML.
func NewPlaces(text []byte) *Places {
	p := &Places{}
	_ = Guard(func() error {
		file, err := parser.ParseBytes(text, 0)
		if err != nil || len(file.Docs) == 0 {
			return err
		}
		p.root = file.Docs[0].Body
		p.anchors = yamlnode.Of(p.root)
		return nil
	})
	return p
}

// At gives line and column, from 1, of a member such as callers[1].keys[0]; where
// the member is missing, those of the nearest one around it. 0, 0 is no place.
func (p *Places) At(path string) (line, column int) {
	at := p.root
	for node := p.root; node != nil; {
		at = node
		node, path = p.child(node, path)
	}
	return yamlnode.Position(at)
}

// child gives the node of the first step of a path, and the rest of the path; nil
// where there is no step or no such node.
func (p *Places) child(node ast.Node, path string) (ast.Node, string) {
	node = p.anchors.Resolve(node)
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

// pairs gives the members of a mapping: its own, then those that it merges.
func (p *Places) pairs(node ast.Node) []*ast.MappingValueNode {
	left := math.MaxInt
	pairs, _ := p.anchors.Pairs(node, 10, &left)
	return pairs
}

func keyOf(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }

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

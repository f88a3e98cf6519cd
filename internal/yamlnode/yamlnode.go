package yamlnode

import "github.com/goccy/go-yaml/ast"

// maxAliases bounds the aliases of aliases: an alias may name itself.
const maxAliases = 100

// Anchors are the nodes that anchors name.
type Anchors map[string]ast.Node

// Of collects the anchors of a tree.
func Of(root ast.Node) Anchors {
	a := Anchors{}
	if root != nil {
		ast.Walk(a, root)
	}
	return a
}

// Visit implements [ast.Visitor].
func (a Anchors) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		a[anchor.Name.GetToken().Value] = anchor.Value
	}
	return a
}

// Resolve gives what an anchor, an alias or a tag stands for; nil where that is nothing.
func (a Anchors) Resolve(node ast.Node) ast.Node {
	for range maxAliases {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			node = a[n.Value.GetToken().Value]
		case *ast.TagNode:
			node = n.Value
		default:
			return node
		}
	}
	return nil
}

// Pairs gives the members of a mapping: its own, then those that it merges, nested as deep as depth says. ok is false
// where the node is not a mapping. Each pair that is looked at takes one of left; there are no more once it is used up.
func (a Anchors) Pairs(node ast.Node, depth int, left *int) (own []*ast.MappingValueNode, ok bool) {
	var all []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		all = n.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{n}
	default:
		return nil, false
	}
	var merged []*ast.MappingValueNode
	for _, pair := range all {
		if *left--; *left < 0 {
			break
		}
		if pair.Key.Type() != ast.MergeKeyType {
			own = append(own, pair)
		} else if depth > 0 {
			more, _ := a.Pairs(a.Resolve(pair.Value), depth-1, left)
			merged = append(merged, more...)
		}
	}
	return append(own, merged...), true
}

// Position gives line and column, from 1, of a node's first character; 0, 0 where it is not known.
func Position(node ast.Node) (line, column int) {
	switch n := node.(type) {
	case nil:
		return 0, 0
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return Position(n.Values[0])
		}
	case *ast.MappingValueNode:
		return Position(n.Key)
	}
	token := node.GetToken()
	if token == nil || token.Position == nil {
		return 0, 0
	}
	return token.Position.Line, token.Position.Column
}

package mapping

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Expr is a jq text of a definition. In YAML it is the text itself, or
// {file: NAME} for a text in a separate file.
type Expr struct {
	Text string
	// File is where the text is to be read from; empty when it stands in the YAML.
	File string
	// Line and Column tell where the text begins in its file, counted from one;
	// zero when it came from nowhere.
	Line, Column int
}

// IsZero tells whether the definition leaves the expression out.
func (e Expr) IsZero() bool { return e.Text == "" && e.File == "" }

// UnmarshalYAML keeps the place of the text, so that errors can name it.
func (e *Expr) UnmarshalYAML(node ast.Node) error {
	at := node.GetToken().Position
	*e = Expr{Line: at.Line, Column: at.Column}
	switch node := node.(type) {
	case *ast.NullNode:
		e.Text = "null"
	case *ast.StringNode:
		e.Text = node.Value
		if kind := node.GetToken().Type.String(); strings.HasSuffix(kind, "Quote") {
			e.Column++
		}
	case *ast.LiteralNode:
		e.Text = node.Value.Value
		e.Line++ // the text follows its "|"
		e.Column = indentation(node.Value.GetToken().Origin) + 1
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		e.Text = node.GetToken().Value
	case *ast.MappingNode:
		if len(node.Values) != 1 {
			return e.shape(node)
		}
		return e.file(node.Values[0])
	case *ast.MappingValueNode:
		return e.file(node)
	default:
		return e.shape(node)
	}
	return nil
}

// indentation counts the spaces that YAML takes off the lines of a block.
func indentation(block string) int {
	for line := range strings.SplitSeq(block, "\n") {
		if text := strings.TrimLeft(line, " "); text != "" {
			return len(line) - len(text)
		}
	}
	return 0
}

func (e *Expr) file(pair *ast.MappingValueNode) error {
	name, ok := pair.Value.(*ast.StringNode)
	if !ok || pair.Key.String() != "file" || name.Value == "" {
		return e.shape(pair)
	}
	*e = Expr{File: name.Value, Line: 1, Column: 1}
	return nil
}

var errExpr = errors.New("want a jq text, or {file: NAME.jq}; quote a text that begins with { or [")

func (e *Expr) shape(node ast.Node) error {
	at := node.GetToken().Position
	return fmt.Errorf("[%d:%d] %w", at.Line, at.Column, errExpr)
}

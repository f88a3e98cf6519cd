package samplefile

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mayfly/internal/yamlnode"
)

// Spot is where a sample of a source belongs in a configuration file.
type Spot struct {
	after   int    // lines that stand before it
	indent  int    // columns
	key     bool   // samples: has to be written too
	replace string // the line that stands there instead, as samples: []
}

// Find finds the place in the text of a configuration file. It has an error for sources that are not in it.
func Find(text []byte, source string) (*Spot, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	list, ok := member(file.Docs[0].Body, "sources").(*ast.SequenceNode)
	if !ok {
		return nil, fmt.Errorf("the configuration file has no source %s; it is built in", source)
	}
	elsewhere := false
	for _, node := range list.Values {
		if _, path := node.(*ast.StringNode); path {
			elsewhere = true
		}
		name, ok := member(node, "name").(*ast.StringNode)
		if !ok || name.Value != source {
			continue
		}
		pairs := pairsOf(node)
		if list.IsFlowStyle || len(pairs) == 0 {
			break
		}
		_, column := yamlnode.Position(pairs[0].Key)
		return spotOf(strings.Split(string(text), "\n"), pairs, column-1)
	}
	if elsewhere {
		return nil, fmt.Errorf("the source %s may be in a file that the configuration file names: paste it there, "+
			"under samples", source)
	}
	return nil, fmt.Errorf("the configuration file has no source %s that a sample can be added to", source)
}

func pairsOf(node ast.Node) []*ast.MappingValueNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func member(node ast.Node, name string) ast.Node {
	for _, pair := range pairsOf(node) {
		if pair.Key.GetToken().Value == name {
			return pair.Value
		}
	}
	return nil
}

// spotOf finds the place among the members of a source, which begin at a column.
func spotOf(lines []string, pairs []*ast.MappingValueNode, column int) (*Spot, error) {
	for _, pair := range pairs {
		if pair.Key.GetToken().Value != "samples" {
			continue
		}
		line, _ := yamlnode.Position(pair.Key)
		list, ok := pair.Value.(*ast.SequenceNode)
		switch {
		case ok && len(list.Values) == 0:
			return &Spot{after: line - 1, indent: column + 2, key: true, replace: lines[line-1]}, nil
		case !ok || list.IsFlowStyle:
			return nil, fmt.Errorf("samples in line %d is not a list in lines of its own", line)
		}
		first := indentOf(lines[line:], column)
		return &Spot{after: end(lines, line, column, true), indent: first}, nil
	}
	last, _ := yamlnode.Position(pairs[0].Key)
	for _, pair := range pairs {
		line, _ := yamlnode.Position(pair.Key)
		last = max(last, line)
	}
	return &Spot{after: end(lines, last, column, false), indent: column + 2, key: true}, nil
}

// indentOf is the column of the first element of a list.
func indentOf(lines []string, column int) int {
	for _, line := range lines {
		if text := strings.TrimLeft(line, " "); strings.HasPrefix(text, "-") {
			return len(line) - len(text)
		}
	}
	return column + 2
}

// end counts the lines up to the end of the member that begins in a line, in which all is deeper than a column.
func end(lines []string, line, column int, list bool) int {
	last := line
	for n := line; n < len(lines); n++ {
		text := strings.TrimLeft(lines[n], " ")
		indent := len(lines[n]) - len(text)
		if strings.TrimSpace(text) == "" || text[0] == '#' && indent <= column {
			continue
		}
		if indent <= column && !(list && indent == column && strings.HasPrefix(text, "- ")) {
			break
		}
		last = n + 1
	}
	return last
}

// Insert writes a sample into a text, and shows what changes.
func (s *Spot) Insert(text []byte, sample string) (after []byte, diff string) {
	lines := strings.Split(string(text), "\n")
	ending := ""
	if len(lines) > s.after && strings.HasSuffix(lines[max(0, s.after-1)], "\r") {
		ending = "\r"
	}
	pad := strings.Repeat(" ", s.indent)
	var added []string
	if s.key {
		added = append(added, strings.Repeat(" ", s.indent-2)+"samples:"+ending)
	}
	for line := range strings.Lines(sample) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			line = pad + line
		}
		added = append(added, line+ending)
	}
	rest := lines[s.after:]
	var b strings.Builder
	fmt.Fprintf(&b, "@@ line %d @@\n", s.after+1)
	for _, line := range lines[max(0, s.after-3):s.after] {
		b.WriteString("  " + line + "\n")
	}
	if s.replace != "" {
		b.WriteString("- " + rest[0] + "\n")
		rest = rest[1:]
	}
	for _, line := range added {
		b.WriteString("+ " + line + "\n")
	}
	for _, line := range rest[:min(3, len(rest))] {
		b.WriteString("  " + line + "\n")
	}
	all := append(append(append([]string{}, lines[:s.after]...), added...), rest...)
	return []byte(strings.Join(all, "\n")), b.String()
}

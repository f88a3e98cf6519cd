package yamlnode_test

import (
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mayfly/internal/yamlnode"
)

func root(t *testing.T, text string) ast.Node {
	t.Helper()
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	return file.Docs[0].Body
}

// The members of b are its own first, then those that it merges; the budget ends them.
func TestPairs(t *testing.T) {
	t.Parallel()
	tree := root(t, "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")
	anchors := yamlnode.Of(tree)
	for left, want := range map[int]string{100: "yxy", 3: "xy", 2: "x", 0: ""} {
		both, ok := anchors.Pairs(tree, 0, new(100))
		if !ok || len(both) != 2 {
			t.Fatalf("%v %v", both, ok)
		}
		pairs, ok := anchors.Pairs(both[1].Value, 1, &left)
		got := ""
		for _, pair := range pairs {
			got += pair.Key.GetToken().Value
		}
		if !ok || got != want {
			t.Errorf("with %d pairs %q, want %q", left, got, want)
		}
	}
	if line, column := yamlnode.Position(tree); line != 1 || column != 1 {
		t.Errorf("%d:%d", line, column)
	}
	if _, ok := anchors.Pairs(root(t, "[1]"), 1, new(9)); ok {
		t.Error("a list is a mapping")
	}
	if node := (yamlnode.Anchors{}).Resolve(root(t, "&a [*a]")); node.Type() != ast.SequenceType {
		t.Errorf("%v", node.Type())
	}
}

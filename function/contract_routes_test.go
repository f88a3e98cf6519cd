package function_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"mayfly/function"
)

// Every route of the service is in the contract: the patterns are read from the source text,
// so that a new one is found by itself.
func TestContractHasEveryRoute(t *testing.T) {
	t.Parallel()
	d := contractOf(t, &txtar.Archive{})
	served := map[string]bool{}
	for _, pattern := range patterns(t) {
		path := strings.TrimSuffix(strings.TrimSuffix(pattern, "{$}"), "/")
		if method, rest, ok := strings.Cut(path, " "); ok && !strings.HasPrefix(method, "/") {
			path = rest
		}
		if path == "" {
			path = "/"
		}
		served[path] = true
	}
	for path := range served {
		if d.Paths[path] == nil && !strings.HasPrefix(path, "/api/{source}") {
			t.Errorf("%s is served, and not in the contract", path)
		}
	}
	known := map[string]bool{}
	for _, row := range function.Rows() {
		known[strconv.Itoa(row.Status)] = true
	}
	ids := map[string]string{}
	for path, item := range d.Paths {
		if name, ok := strings.CutPrefix(path, "/api/"); !served[path] && ok {
			name, _, _ = strings.Cut(name, "/")
			if _, builtin := os.Stat("../transform/sources/" + name + ".yaml"); builtin != nil {
				t.Errorf("%s is in the contract, and not served", path)
			}
		} else if !served[path] {
			t.Errorf("%s is in the contract, and not served", path)
		}
		for method, o := range item {
			if other := ids[o.ID]; other != "" || o.ID == "" {
				t.Errorf("%s %s has the operationId %q of %s", method, path, o.ID, other)
			}
			ids[o.ID] = path
			for status, r := range o.Responses {
				shared, _ := strings.CutPrefix(r.Ref, "#/components/responses/")
				_, problem := d.Shared.Responses[shared].Content["application/problem+json"]
				if status >= "4" && status < "6" && !known[status] && !strings.HasSuffix(status, "XX") {
					t.Errorf("%s %s: no row of the error table has the status %s", method, path, status)
				}
				if problem && status < "4" {
					t.Errorf("%s %s: %s is a problem", method, path, status)
				}
			}
		}
	}
}

// patterns gives the patterns of the routes in this package's functions whose names end in
// Routes.
func patterns(t *testing.T) []string {
	t.Helper()
	files, _ := filepath.Glob("*.go")
	var list []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasSuffix(f.Name.Name, "Routes") {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == gotoken.STRING {
					value, err := strconv.Unquote(text.Value)
					if err == nil && strings.Contains(value, "/") && !strings.Contains(value, "mayfly/") {
						list = append(list, value)
					}
				}
				return true
			})
		}
	}
	if len(list) < 15 {
		t.Fatalf("only %d patterns are found: %s", len(list), fmt.Sprint(list))
	}
	return list
}

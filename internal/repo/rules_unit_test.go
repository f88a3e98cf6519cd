package repo_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree writes files into a folder of its own.
func tree(t *testing.T, texts map[string]string) (root string, list []string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range texts {
		at := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := files(root)
	if err != nil {
		t.Fatal(err)
	}
	return root, list
}

// broken lists rules and paths, sorted.
func broken(found []finding) []string {
	var list []string
	for _, f := range found {
		list = append(list, f.rule+" "+f.path)
	}
	slices.Sort(list)
	return list
}

func TestCheckSizes(t *testing.T) {
	t.Parallel()
	root, list := tree(t, map[string]string{
		"short/a.go":           "// " + strings.Repeat("x", 117) + "\n" + strings.Repeat("\n", 399),
		"file/a.go":            strings.Repeat("\n", 401),
		"file/a_test.go":       strings.Repeat("\n", 401),
		"file/testdata/a.go":   strings.Repeat("\n", 401),
		"file/page.html":       strings.Repeat("x", 999),
		"column/characters.go": "// " + strings.Repeat("ü", 117) + "\n",
		"column/tab.go":        "\t" + strings.Repeat("x", 117) + "\n",
		"column/end.go":        "// " + strings.Repeat("x", 118),
		"package/a.go":         strings.Repeat("\n", 400),
		"package/b.go":         strings.Repeat("\n", 400),
		"package/c.go":         strings.Repeat("\n", 400),
		"package/d.go":         strings.Repeat("\n", 400),
		"package/e.go":         strings.Repeat("\n", 400),
		"package/f.go":         strings.Repeat("\n", 400),
		"package/g.go":         strings.Repeat("\n", 101),
		"full/a.go":            strings.Repeat("\n", 300),
		"full/a_test.go":       strings.Repeat("\n", 400),
		"full/sub/a.go":        strings.Repeat("\n", 400),
	})
	found, err := checkSizes(root, list)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"file-lines file/a.go", "file-lines file/a_test.go",
		"line-length column/end.go", "line-length column/tab.go",
		"package-lines package",
	}
	if diff := cmp.Diff(want, broken(found)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCheckDocs(t *testing.T) {
	t.Parallel()
	_, list := tree(t, map[string]string{
		"main.go":           "",
		"good/doc.go":       "",
		"good/a.go":         "",
		"bad/a.go":          "",
		"tests/a_test.go":   "",
		"bad/testdata/a.go": "",
		"text/a.txt":        "",
	})
	if diff := cmp.Diff([]string{"doc-file .", "doc-file bad", "doc-file tests"}, broken(checkDocs(list))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCheckReplace(t *testing.T) {
	t.Parallel()
	root, list := tree(t, map[string]string{
		"go.mod":       "module a\n\ngo 1.26\n",
		"tools/go.mod": "module b\n\ngo 1.26\n\nreplace (\n\texample.org/c => ../c\n)\n",
	})
	found, err := checkReplace(root, list)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"replace tools/go.mod"}, broken(found)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCheckCopies(t *testing.T) {
	t.Parallel()
	long, short := strings.Repeat("// a line\n", 21), strings.Repeat("// a line\n", 20)
	foreign, _ := tree(t, map[string]string{"bits/a.go": long, "bits/b.go": short})
	root, list := tree(t, map[string]string{
		"copied.go":           long,
		"testdata/copied.txt": long,
		"short.go":            short,
		"own.go":              strings.Replace(long, "a", "b", 1),
		".git/x.go":           long,
	})
	found, err := checkCopies(root, list, []string{foreign})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"copy copied.go", "copy testdata/copied.txt"}, broken(found)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	exceptions, err := parseExceptions("# why\n\nline-length a/...\nfile-lines b/b.go\npackage-lines a\n")
	if err != nil {
		t.Fatal(err)
	}
	found := []finding{
		{rule: "line-length", path: "a/a.go"},
		{rule: "line-length", path: "a/b/c.go"},
		{rule: "line-length", path: "ab/a.go"},
		{rule: "file-lines", path: "a/a.go"},
		{rule: "package-lines", path: "a"},
		{rule: "package-lines", path: "a/b"},
	}
	want := []string{"exceptions.txt b/b.go", "file-lines a/a.go", "line-length ab/a.go", "package-lines a/b"}
	if diff := cmp.Diff(want, broken(judge(found, exceptions))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := parseExceptions("line-length\n"); err == nil {
		t.Error("a line without a path is accepted")
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The paths are not this module's, so that the test survives a rewriting of the module.
const (
	short = "bridge"
	long  = "example.org/a/bridge"
)

// Where PATH stands the path is rewritten, there and back.
var texts = map[string]string{
	"go.mod":             "module PATH\n\ngo 1.26\n",
	"tools/go.mod":       "module PATH/tools\n",
	"infra/main.bicep":   "module bridge 'a.json' = {}\n",
	"function/a.go":      "package a\n\nimport (\n\t_ \"PATH/dps\"\n\ts \"PATH/internal/sas\"\n)\n",
	"function/names.go":  "package a\n\n// [PATH/dps.Key], ./cmd/bridge/dps\nconst agent = \"bridge/1.0\"\n",
	"README.md":          "`PATH/dps`, `-require PATH@v0.0.0 -replace\nPATH=..`, bridge/key, bridge/dps-x bridge\n",
	".golangci.yml":      "- {pkg: PATH/dps, desc: a}\n- {pkg: PATH/function, desc: b}\nlocal-prefixes: [PATH]\n",
	"internal/sas/a.txt": "PATH/dps,PATH/function PATH/dps",
	"dps/binary":         "\x00bridge/dps",
	".git/config":        "bridge/dps",
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	with := func(modulePath string) map[string]string {
		all := map[string]string{}
		for file, text := range texts {
			all[file] = strings.ReplaceAll(text, "PATH", modulePath)
		}
		return all
	}
	root := t.TempDir()
	for file, text := range with(short) {
		write(t, filepath.Join(root, filepath.FromSlash(file)), text)
	}
	for _, to := range []string{long, long, "example.net/bridge/v2", short} {
		if _, err := rewrite(root, to); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for file := range texts {
			got[file] = read(t, filepath.Join(root, filepath.FromSlash(file)))
		}
		if diff := cmp.Diff(with(to), got); diff != "" {
			t.Errorf("to %s, -want +got:\n%s", to, diff)
		}
	}
}

func TestRewriteSortsImports(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module bridge\n")
	write(t, filepath.Join(root, "dps", "a.go"), "package a\n\nimport (\n\t\"bridge/dps\"\n\t\"example.org/z\"\n)\n")
	changed, err := rewrite(root, "github.com/you/bridge")
	if err != nil || len(changed) != 2 {
		t.Fatal(changed, err)
	}
	want := "package a\n\nimport (\n\t\"example.org/z\"\n\t\"github.com/you/bridge/dps\"\n)\n"
	if got := read(t, filepath.Join(root, "dps", "a.go")); got != want {
		t.Errorf("got %s", got)
	}
}

func TestRewriteRefusesPaths(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	file := filepath.Join(root, "go.mod")
	write(t, file, "module bridge\n")
	for _, bad := range []string{"", "/bridge", "example.org/a/", "https://example.org/bridge", "a b"} {
		if _, err := rewrite(root, bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if text := read(t, file); text != "module bridge\n" {
		t.Errorf("go.mod is now %q", text)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package repo_test

import (
	_ "embed"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//go:embed exceptions.txt
var exceptionsText string

// TestRules holds the repository to its rules, and names all that breaks one.
func TestRules(t *testing.T) {
	root := filepath.Dir(output(t, "go", "env", "GOMOD"))
	list, err := files(root)
	if err != nil {
		t.Fatal(err)
	}
	exceptions, err := parseExceptions(exceptionsText)
	if err != nil {
		t.Fatal("exceptions.txt:", err)
	}
	replaced, err := checkReplace(root, list)
	if err != nil {
		t.Fatal(err)
	}
	long, err := checkSizes(root, list)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := checkCopies(root, list, foreignFolders(t, root))
	if err != nil {
		t.Fatal(err)
	}
	broken := judge(slices.Concat(replaced, long, checkDocs(list), copied), exceptions)
	slices.SortFunc(broken, func(a, b finding) int { return strings.Compare(a.path+a.rule, b.path+b.rule) })
	for _, f := range broken {
		t.Errorf("%s: %s: %s", f.path, f.rule, f.problem)
	}
}

// foreignFolders are those of the standard library and of the packages of others
// that this module is built and tested with.
func foreignFolders(t *testing.T, root string) []string {
	t.Helper()
	folders := []string{filepath.Join(output(t, "go", "env", "GOROOT"), "src")}
	const foreign = `{{if and .Module (not .Module.Main)}}{{.Dir}}{{end}}`
	list := output(t, "go", "-C", root, "list", "-deps", "-test", "-f", foreign, "./...")
	packages := strings.Fields(list)
	slices.Sort(packages)
	for _, folder := range slices.Compact(packages) {
		// A walk goes down: a folder in one that is listed has been seen.
		if last := folders[len(folders)-1]; !strings.HasPrefix(folder, last+string(filepath.Separator)) {
			folders = append(folders, folder)
		}
	}
	return folders
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

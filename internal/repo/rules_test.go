package repo_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxPackageLines = 2500 // beside tests
	maxFileLines    = 400
	maxColumns      = 120
	tabColumns      = 4
	minCopiedLines  = 20 // a shorter file may be equal to another by chance
)

// finding is something that breaks a rule.
type finding struct {
	rule    string
	path    string // of a file or a package, from the repository's root
	problem string
}

// files lists the repository's files with slashes. What git ignores and what tools
// install is left out.
func files(root string) ([]string, error) {
	var list []string
	err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && (name == ".git" || name == "node_modules" || name == "dist"):
			return fs.SkipDir
		case d.Type().IsRegular():
			rel, err := filepath.Rel(root, at)
			if err != nil {
				return err
			}
			list = append(list, filepath.ToSlash(rel))
		}
		return nil
	})
	return list, err
}

// ofPackages keeps the Go files that belong to packages.
func ofPackages(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(file string) bool {
		return path.Ext(file) != ".go" || slices.Contains(strings.Split(file, "/"), "testdata")
	})
}

// checkReplace finds the replace directives of the go.mod files.
func checkReplace(root string, list []string) ([]finding, error) {
	var found []finding
	for _, file := range list {
		if path.Base(file) != "go.mod" {
			continue
		}
		out, err := exec.Command("go", "mod", "edit", "-json", filepath.Join(root, file)).Output()
		if err != nil {
			return nil, fmt.Errorf("go mod edit -json %s: %w", file, err)
		}
		var module struct {
			Replace []struct{ Old struct{ Path string } }
		}
		if err := json.Unmarshal(out, &module); err != nil {
			return nil, fmt.Errorf("go mod edit -json %s: %w", file, err)
		}
		for _, r := range module.Replace {
			found = append(found, finding{"replace", file, "it replaces " + r.Old.Path})
		}
	}
	return found, nil
}

// checkSizes finds lines, files and packages that are too long.
func checkSizes(root string, list []string) ([]finding, error) {
	var found []finding
	packages := map[string]int{}
	for _, file := range ofPackages(list) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		lines := 0
		for line := range bytes.Lines(text) {
			lines++
			if n := columns(bytes.TrimRight(line, "\r\n")); n > maxColumns {
				found = append(found, finding{"line-length", file,
					fmt.Sprintf("line %d has %d columns, at most %d are allowed", lines, n, maxColumns)})
			}
		}
		if lines > maxFileLines {
			found = append(found, finding{"file-lines", file,
				fmt.Sprintf("it has %d lines, at most %d are allowed", lines, maxFileLines)})
		}
		if !strings.HasSuffix(file, "_test.go") {
			packages[path.Dir(file)] += lines
		}
	}
	for name, lines := range packages {
		if lines > maxPackageLines {
			found = append(found, finding{"package-lines", name,
				fmt.Sprintf("it has %d lines beside tests, at most %d are allowed", lines, maxPackageLines)})
		}
	}
	return found, nil
}

func columns(line []byte) int {
	return utf8.RuneCount(line) + (tabColumns-1)*bytes.Count(line, []byte("\t"))
}

// checkDocs finds the packages without a doc.go.
func checkDocs(list []string) []finding {
	documented := map[string]bool{}
	for _, file := range ofPackages(list) {
		documented[path.Dir(file)] = documented[path.Dir(file)] || path.Base(file) == "doc.go"
	}
	var found []finding
	for name, ok := range documented {
		if !ok {
			found = append(found, finding{"doc-file", name, "it has no doc.go"})
		}
	}
	return found
}

// checkCopies finds the files that stand in one of the folders as well. Files are
// read only where their size is that of another.
func checkCopies(root string, list, folders []string) ([]finding, error) {
	bySize := map[int64][]string{}
	for _, file := range list {
		info, err := os.Stat(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		bySize[info.Size()] = append(bySize[info.Size()], file)
	}
	var found []finding
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(at string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			for _, file := range bySize[info.Size()] {
				same, err := sameText(filepath.Join(root, file), at)
				if err != nil {
					return err
				}
				if same {
					rel, _ := filepath.Rel(folder, at)
					found = append(found, finding{"copy", file, "it is a copy of " + filepath.ToSlash(rel)})
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func sameText(a, b string) (bool, error) {
	one, err := os.ReadFile(a)
	if err != nil || bytes.Count(one, []byte("\n")) <= minCopiedLines {
		return false, err
	}
	other, err := os.ReadFile(b)
	return sha256.Sum256(one) == sha256.Sum256(other), err
}

// exception is a line of exceptions.txt.
type exception struct{ rule, path string }

func parseExceptions(text string) ([]exception, error) {
	var list []exception
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		case len(words) != 2:
			return nil, fmt.Errorf("%q is not a rule and a path", strings.TrimSpace(line))
		default:
			list = append(list, exception{words[0], words[1]})
		}
	}
	return list, nil
}

func (e exception) covers(f finding) bool {
	if e.rule != f.rule {
		return false
	}
	folder, below := strings.CutSuffix(e.path, "/...")
	return f.path == folder || below && strings.HasPrefix(f.path, folder+"/")
}

// judge takes the findings that are excepted away, and adds the exceptions that
// cover none.
func judge(found []finding, exceptions []exception) []finding {
	var left []finding
	needed := make([]bool, len(exceptions))
	for _, f := range found {
		excepted := false
		for i, e := range exceptions {
			if e.covers(f) {
				excepted, needed[i] = true, true
			}
		}
		if !excepted {
			left = append(left, f)
		}
	}
	for i, e := range exceptions {
		if !needed[i] {
			left = append(
				left,
				finding{"exceptions.txt", e.path, "nothing breaks " + e.rule + " here any more: take the line away"},
			)
		}
	}
	return left
}

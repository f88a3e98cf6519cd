package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: modulepath NEW, in the folder of go.mod")
		os.Exit(2)
	}
	changed, err := rewrite(".", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "modulepath:", err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stdout, "%d files changed\n", len(changed))
}

// rewrite gives the module in root the path newPath, and returns the files that it
// has changed. Nothing is written when anything cannot be read.
func rewrite(root, newPath string) (changed []string, err error) {
	if err := module.CheckImportPath(newPath); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	oldPath := modfile.ModulePath(text)
	if oldPath == "" {
		return nil, errors.New("go.mod names no module")
	}
	files, folders, err := look(root)
	if err != nil {
		return nil, err
	}
	replace := replacer(oldPath, newPath, folders)
	texts := map[string][]byte{}
	for _, file := range files {
		before, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(before, 0) >= 0 { // it is not text
			continue
		}
		after := replace(file, before)
		if bytes.Equal(before, after) {
			continue
		}
		if filepath.Ext(file) == ".go" { // imports are sorted
			if after, err = format.Source(after); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		texts[file] = after
		changed = append(changed, file)
	}
	for _, file := range changed {
		info, err := os.Stat(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(root, file), texts[file], info.Mode().Perm()); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// look lists the files of a tree, and the folders at its root, one of which follows
// the module's path in each import.
func look(root string) (files, folders []string, err error) {
	err = filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && (name == ".git" || name == "node_modules" || name == "dist"):
			return fs.SkipDir
		case d.IsDir() && rel != "." && filepath.Dir(rel) == ".":
			folders = append(folders, name)
		case d.Type().IsRegular():
			files = append(files, rel)
		}
		return nil
	})
	return files, folders, err
}

// replacer returns a function that puts newPath in the place of oldPath wherever a
// text means the module: before one of its folders, as the module of a go.mod, after
// -require and -replace, and among the linter's local prefixes.
func replacer(oldPath, newPath string, folders []string) func(file string, text []byte) []byte {
	old := regexp.QuoteMeta(oldPath)
	// The path is the second group, a folder the third.
	inModFile := regexp.MustCompile(`(?m)(^module )(` + old + `)(?:\s|$)`)
	anywhere := []*regexp.Regexp{
		regexp.MustCompile(`(?m)(^|[^\w./@-])(` + old + `)/([\w-]+)`),
		regexp.MustCompile(`(-require[ =]\s*|-replace[ =]?\s*)(` + old + `)[@=]`),
		regexp.MustCompile(`(local-prefixes: \[)(` + old + `)\]`),
	}
	return func(file string, text []byte) []byte {
		places := slices.Clone(anywhere)
		if filepath.Base(file) == "go.mod" {
			places = append(places, inModFile)
		}
		for _, place := range places {
			var out []byte
			from := 0
			for _, at := range place.FindAllSubmatchIndex(text, -1) {
				if len(at) > 6 && !slices.Contains(folders, string(text[at[6]:at[7]])) {
					continue
				}
				out = append(append(out, text[from:at[4]]...), newPath...)
				from = at[5]
			}
			text = append(out, text[from:]...)
		}
		return text
	}
}

package codecsuite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mayfly/transform/codec/codectest"
)

// Find finds the files of examples for a path: a file of examples, a payload formatter, or a folder of both.
func Find(path string) ([]*Suite, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if isScript(path) {
			return besideScript(path)
		}
		return []*Suite{{Path: path}}, nil
	}
	var suites []*Suite
	err = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		case !entry.IsDir() && hasExamplesByName(path):
			suites = append(suites, &Suite{Path: path})
		case !entry.IsDir() && hasExamplesByFolder(path):
			suites = append(suites, &Suite{Path: path, guessed: true})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	load(suites)
	return slices.DeleteFunc(suites, func(s *Suite) bool {
		return errors.Is(s.Err, codectest.ErrNoExamples) || s.guessed && s.Err != nil
	}), nil
}

func isScript(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".js" || extension == ".mjs" || extension == ".cjs"
}

// hasExamplesByName reports whether a file may have examples, by its name.
func hasExamplesByName(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	switch filepath.Ext(name) {
	case ".yaml", ".yml":
		return true
	case ".json":
		return strings.Contains(name, "example") || strings.HasPrefix(name, "test_decode") ||
			strings.HasPrefix(name, "test_encode") || strings.HasSuffix(name, ".errors.json")
	}
	return false
}

// hasExamplesByFolder reports whether a file may have examples, by its folder.
func hasExamplesByFolder(path string) bool {
	return strings.EqualFold(filepath.Ext(path), ".json") &&
		strings.EqualFold(filepath.Base(filepath.Dir(path)), "examples")
}

// besideScript finds the examples of one formatter in its folder.
func besideScript(script string) ([]*Suite, error) {
	entries, err := os.ReadDir(filepath.Dir(script))
	if err != nil {
		return nil, err
	}
	var suites []*Suite
	for _, entry := range entries {
		path := filepath.Join(filepath.Dir(script), entry.Name())
		if entry.IsDir() || !hasExamplesByName(path) {
			continue
		}
		s := &Suite{Path: path}
		s.load()
		switch {
		case s.Err != nil:
		case s.Examples.Script == "" && s.Examples.Encoder == "":
			if found, err := scriptsBeside(path); err == nil && !slices.Contains(found, script) {
				continue // it belongs to another formatter
			}
			s.script = script
			suites = append(suites, s)
		case isNamed(script, s.Examples.Script), isNamed(script, s.Examples.Encoder):
			suites = append(suites, s)
		}
	}
	return suites, nil
}

// isNamed reports whether a file of examples means a formatter by a name.
func isNamed(script, name string) bool {
	return name != "" && strings.EqualFold(filepath.Base(name), filepath.Base(script))
}

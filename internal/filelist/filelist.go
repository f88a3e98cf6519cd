package filelist

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFiles bounds a list.
const maxFiles = 100_000

// Expand returns the files that names stand for, relative to folder: a file itself, all files with the extension below
// a folder, or those that match a pattern of package filepath. Each comes once; what a folder or pattern gives is
// sorted. Hidden files and folders are left out unless they are named. A name that gives nothing is an error.
func Expand(folder string, names []string, extension string) ([]string, error) {
	var files []string
	seen := map[string]bool{}
	for _, name := range names {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		found, err := expand(path, extension)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: there is no such file, and no *%s file there", name, extension)
		}
		for _, file := range found {
			if !seen[file] {
				seen[file] = true
				files = append(files, file)
			}
		}
		if len(files) > maxFiles {
			return nil, fmt.Errorf("more than %d files", maxFiles)
		}
	}
	return files, nil
}

func expand(path, extension string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(path, "*?[") {
		return match(path, extension)
	}
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	return below(path, extension)
}

// match returns what matches a pattern; a folder that does stands for what is below it.
func match(pattern, extension string) ([]string, error) {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, path := range matches {
		if hidden(path) {
			continue
		}
		found, err := expand(path, extension)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return files, nil
}

func below(folder, extension string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != folder && hidden(path) && d.IsDir():
			return fs.SkipDir
		case d.Type().IsRegular() && !hidden(path) && strings.EqualFold(filepath.Ext(path), extension):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

func hidden(path string) bool { return strings.HasPrefix(filepath.Base(path), ".") }

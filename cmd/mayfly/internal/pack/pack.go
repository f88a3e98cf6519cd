package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Program is the name of the program in a package: Lambda and host.json look for it.
const Program = "bootstrap"

// Config is the name of the configuration file in a package.
const Config = "mayfly.yaml"

// File is a file of a package.
type File struct {
	Name    string // with slashes, within the package
	Path    string // where it is copied from
	Program bool   // it is to be run
}

// Plan is what goes into a package.
type Plan struct{ Files []File }

// Add adds a file, once.
func (p *Plan) Add(f File) {
	f.Name = path.Clean(f.Name)
	if !slices.ContainsFunc(p.Files, func(other File) bool { return other.Name == f.Name }) {
		p.Files = append(p.Files, f)
	}
}

// fixedTime is that of every file: zip archives know none before.
var fixedTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	fileMode    = 0o644
	programMode = 0o755
	folderMode  = 0o755
)

// Check tells all that a package must not hold.
func (p *Plan) Check() error {
	var wrong []error
	for _, f := range p.Files {
		if err := f.check(); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

func (f File) check() error {
	if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
		return fmt.Errorf("%s lies outside of the folder of the configuration file, so that it has no place in a "+
			"package: move it into the folder, and name it from there", f.Name)
	}
	if f.Program {
		return nil
	}
	target, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		return err
	}
	if secretName(f.Name) || secretName(target) {
		return fmt.Errorf("%s: files of this name hold secrets, which are never packed: "+
			"use a variable or a reference to a secret store", f.Name)
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	if bytes.Contains(text, []byte("PRIVATE KEY-----")) {
		return fmt.Errorf("%s holds a private key, which is never packed: use a reference to a secret store", f.Name)
	}
	return nil
}

// secretName tells whether a file has the name of one with secrets.
func secretName(name string) bool {
	base := strings.ToLower(filepath.Base(filepath.FromSlash(name)))
	return base == ".env" || strings.HasPrefix(base, ".env.") || base == "local.settings.json" ||
		strings.HasSuffix(base, ".key")
}

// Write copies the files into a folder, which it makes where there is none. What else
// lies there stays.
func (p *Plan) Write(folder string) error {
	if err := p.Check(); err != nil {
		return err
	}
	folders := []string{folder}
	for _, f := range p.Files {
		if err := f.copy(folder); err != nil {
			return err
		}
		for up := path.Dir(f.Name); up != "."; up = path.Dir(up) {
			folders = append(folders, filepath.Join(folder, filepath.FromSlash(up)))
		}
	}
	slices.Sort(folders)
	for _, f := range slices.Backward(slices.Compact(folders)) { // a folder's time follows its content
		if err := stamp(f, folderMode); err != nil {
			return err
		}
	}
	return nil
}

// copy copies a file into a package. A symbolic link becomes the file that it leads to.
func (f File) copy(folder string) error {
	into := filepath.Join(folder, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(into), folderMode); err != nil {
		return err
	}
	mode := fs.FileMode(fileMode)
	if f.Program {
		mode = programMode
	}
	if same(f.Path, into) {
		return stamp(into, mode)
	}
	text, err := os.ReadFile(f.Path)
	if err != nil {
		return err
	}
	if err := os.Remove(into); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(into, text, mode); err != nil { //nolint:gosec // the user names the folder
		return err
	}
	return stamp(into, mode)
}

// same tells whether two paths are one file: a package may be made in place.
func same(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Lstat(b)
	return err == nil && os.SameFile(first, second)
}

// SameFolder tells whether two paths are one folder.
func SameFolder(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

func stamp(path string, mode fs.FileMode) error {
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	return os.Chtimes(path, fixedTime, fixedTime)
}

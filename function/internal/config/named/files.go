package named

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// File is a file that the configuration file names.
type File struct {
	Name   string // as the configuration has it: with slashes, from its own folder, or absolute
	Path   string // where it is on this machine
	Member string // the first that names it, as in certificates.ca; empty for what sources read
	Secret bool   // a key, which no package may hold
}

// Outside tells whether a file is not in the folder of the configuration file.
func (f File) Outside() bool { return !filepath.IsLocal(filepath.FromSlash(f.Name)) }

// LeadsOut tells whether a path leads out of a folder by a symbolic link.
func LeadsOut(folder, at string) bool {
	real, err := filepath.EvalSymlinks(at)
	if err != nil {
		return false
	}
	home, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false
	}
	real, err1 := filepath.Abs(real)
	home, err2 := filepath.Abs(home)
	rel, err := filepath.Rel(home, real)
	return err1 == nil && err2 == nil && (err != nil || !filepath.IsLocal(rel))
}

// Files are the files that a configuration file names.
type Files struct {
	Folder  string // of the configuration file
	List    []File
	Missing []string // paths of those that are not there
}

// Open implements [fs.FS]. Unlike [os.DirFS] it opens what lies outside of the folder,
// too: check warns of that.
func (n *Files) Open(name string) (fs.File, error) {
	at := n.Path(name)
	file, err := os.Open(at)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && !slices.Contains(n.Missing, at) {
			n.Missing = append(n.Missing, at)
		}
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		n.Add(File{Name: filepath.ToSlash(name), Path: at})
	}
	return file, nil
}

// Add takes note of a file, once.
func (n *Files) Add(file File) {
	if !slices.ContainsFunc(n.List, func(f File) bool { return f.Name == file.Name && f.Secret == file.Secret }) {
		n.List = append(n.List, file)
	}
}

// Path gives the path of a file of the configuration on this machine.
func (n *Files) Path(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(n.Folder, name)
}

// Beside opens what is named by a file in a folder, with slashes and from that of the configuration file: its files
// are beside it.
func (n *Files) Beside(folder string) fs.FS { return beside{n, folder} }

type beside struct {
	files  *Files
	folder string
}

// Open implements [fs.FS].
func (b beside) Open(name string) (fs.File, error) {
	if !filepath.IsAbs(filepath.FromSlash(name)) {
		name = path.Join(b.folder, name)
	}
	return b.files.Open(name)
}

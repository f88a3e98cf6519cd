package config

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"strings"

	"mayfly/function/internal/config/named"
	"mayfly/internal/secret"
)

// NamedFile is a file that the configuration file names.
type NamedFile = named.File

// refer takes note of the file that a reference names, if it names one.
func (f *File) refer(member, text string, public bool) {
	name, ok := strings.CutPrefix(strings.TrimSpace(text), "file:")
	if !ok {
		return
	}
	written := cmp.Or(f.written[name], name)
	f.named.Add(NamedFile{Name: path.Clean(filepath.ToSlash(written)), Path: name, Member: member, Secret: !public})
}

// rebase makes the paths of the references in the file relative to its folder, as all
// other paths in it are, and not to the working directory.
func (f *File) rebase() {
	for i := range f.Sources {
		f.rebaseIn(reflect.ValueOf(&f.Sources[i]), f.origins[i].folder)
	}
	if f.named.Folder == "." {
		return
	}
	for i := range f.Fleets {
		if folder := f.Fleets[i].DeviceCerts; folder != "" {
			f.Fleets[i].DeviceCerts = f.named.Path(folder)
		}
	}
	for _, list := range []any{f.Tokens, f.Certificates, f.Fleets, f.Tables, f.Lookups} {
		f.rebaseIn(reflect.ValueOf(list), "")
	}
}

// rebaseIn does so for the references in a value, which stand in a file of a folder below.
func (f *File) rebaseIn(v reflect.Value, folder string) {
	named.EachSecret(v, func(text *secret.Text) {
		name, ok := strings.CutPrefix(strings.TrimSpace(text.Reveal()), "file:")
		if !ok || name == "" || f.named.Folder == "." && folder == "" {
			return
		}
		if folder != "" && !filepath.IsAbs(name) {
			name = path.Join(folder, filepath.ToSlash(name))
		}
		at := f.named.Path(name)
		if f.written == nil {
			f.written = map[string]string{}
		}
		f.written[at] = name
		*text = secret.NewText("file:" + at)
	})
}

// reference reads the reference to a secret in the file; nil where it is wrong. Secrets
// may be on another machine than the one that checks.
func (f *File) reference(member, text string, check func(string) error) *secret.Reference {
	return f.readReference(member, text, false, check)
}

// publicReference reads the reference to what everybody may know, such as a public key.
func (f *File) publicReference(member, text string, check func(string) error) {
	f.readReference(member, text, true, check)
}

func (f *File) readReference(member, text string, public bool, check func(string) error) *secret.Reference {
	f.refer(member, text, public)
	ref, err := parseReference(text, check)
	if err != nil && f.lenient && !public && errors.Is(err, fs.ErrNotExist) {
		f.warn(member, "%v; it is not checked", err)
	} else if err != nil {
		f.add(member, "%v", err)
	}
	return ref
}

package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"mayfly/internal/secret"
)

// NamedFile is a file that the configuration file names.
type NamedFile struct {
	Name   string // as the configuration has it: with slashes, from its own folder, or absolute
	Path   string // where it is on this machine
	Member string // the first that names it, as in certificates.ca; empty for what sources read
	Secret bool   // a key, which no package may hold
}

// namedFiles is the one place that knows which files a configuration file names. It
// opens them for those who read them, and so sees all of them: a part of the
// configuration that reads its files from here is packed without more.
type namedFiles struct {
	folder  string
	files   []NamedFile
	written map[string]string // references by path, as the file has them
}

// Open implements [fs.FS]. Unlike [os.DirFS] it opens what lies outside of the folder,
// too: check warns of that.
func (n *namedFiles) Open(name string) (fs.File, error) {
	at := n.path(name)
	file, err := os.Open(at)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		n.add(NamedFile{Name: filepath.ToSlash(name), Path: at})
	}
	return file, nil
}

// add takes note of a file, once.
func (n *namedFiles) add(file NamedFile) {
	if !slices.ContainsFunc(n.files, func(f NamedFile) bool { return f.Name == file.Name && f.Secret == file.Secret }) {
		n.files = append(n.files, file)
	}
}

// path gives the path of a file of the configuration on this machine.
func (n *namedFiles) path(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(n.folder, name)
}

// refer takes note of the file that a reference names, if it names one.
func (f *File) refer(member, text string, public bool) {
	name, ok := strings.CutPrefix(strings.TrimSpace(text), "file:")
	if !ok {
		return
	}
	written := cmp.Or(f.named.written[name], name)
	f.named.add(NamedFile{Name: path.Clean(filepath.ToSlash(written)), Path: name, Member: member, Secret: !public})
}

// rebase makes the paths of the references in the file relative to its folder, as all
// other paths in it are, and not to the working directory.
func (f *File) rebase() {
	if f.named.folder == "." {
		return
	}
	f.named.written = map[string]string{}
	for i := range f.Fleets {
		if folder := f.Fleets[i].DeviceCerts; folder != "" {
			f.Fleets[i].DeviceCerts = f.named.path(folder)
		}
	}
	for _, list := range []any{f.Sources, f.Tokens, f.Certificates, f.Fleets, f.Tables, f.Lookups} {
		eachSecret(reflect.ValueOf(list), func(text *secret.Text) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(text.Reveal()), "file:"); ok && name != "" {
				at := f.named.path(name)
				f.named.written[at] = name
				*text = secret.NewText("file:" + at)
			}
		})
	}
}

// eachSecret visits the secrets in a value.
func eachSecret(v reflect.Value, visit func(*secret.Text)) {
	if v.CanAddr() {
		if text, ok := reflect.TypeAssert[*secret.Text](v.Addr()); ok {
			visit(text)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachSecret(v.Elem(), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachSecret(v.Field(i), visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachSecret(v.Index(i), visit)
		}
	case reflect.Map:
		if v.Type().Elem() != reflect.TypeFor[secret.Text]() {
			return
		}
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem() // what is in a map cannot be set
			value.Set(v.MapIndex(key))
			eachSecret(value, visit)
			v.SetMapIndex(key, value)
		}
	default:
	}
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

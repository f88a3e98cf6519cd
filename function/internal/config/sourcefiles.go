package config

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"mayfly/internal/filelist"
	"mayfly/internal/settings"
	"mayfly/transform"
)

const (
	sourceExtension = ".yaml"
	maxSourceFiles  = 500
	maxSourceFile   = 1 << 20
)

// origin is where a source stands.
type origin struct {
	file   string // as faults name it
	places *settings.Places
	path   string   // of the source in the file, as in sources[1]; empty where it is all of the file
	folder string   // from that of the configuration file, with slashes; what the source names is there
	broken []string // members of the file that could not be read
}

// SetText has a source stand in files of its own, as in sources: [./sources/*.yaml].
func (s *Source) SetText(pattern string) { s.pattern = pattern }

// expandSources puts the sources of files of their own in the place of the patterns that name them.
func (f *File) expandSources() {
	listed := f.Sources
	f.Sources = nil
	for i := range listed {
		member := fmt.Sprintf("sources[%d]", i)
		if listed[i].pattern == "" {
			f.Sources = append(f.Sources, listed[i])
			f.origins = append(f.origins, origin{f.name, f.places, member, "", nil})
			continue
		}
		found, err := filelist.Expand(f.named.Folder, []string{filepath.FromSlash(listed[i].pattern)}, sourceExtension)
		if err == nil && len(found) > maxSourceFiles {
			err = fmt.Errorf("names more than %d files", maxSourceFiles)
		}
		if err != nil {
			out := Fault{Variable: member, Problem: err.Error(), File: f.name}
			out.Line, out.Column = f.places.At(member)
			f.faults = append(f.faults, out)
			continue
		}
		for _, at := range found {
			f.addSourceFile(at, listed[i].pattern)
		}
	}
}

// addSourceFile reads the source of a file.
func (f *File) addSourceFile(at, pattern string) {
	written := at
	if rel, err := filepath.Rel(f.named.Folder, at); err == nil && !filepath.IsAbs(pattern) {
		written = rel
	}
	member := fmt.Sprintf("sources[%d]", len(f.Sources)) // among all, as origin counts
	f.named.Add(NamedFile{Name: filepath.ToSlash(written), Path: at, Member: member})
	text, err := readSourceFile(at)
	if err != nil {
		f.faults = append(f.faults, Fault{File: at, Problem: err.Error()})
		return
	}
	s, o := Source{}, origin{file: at, places: settings.NewPlaces(text), folder: path.Dir(filepath.ToSlash(written))}
	for _, wrong := range settings.ReadAll(text, &s) {
		f.faults = append(f.faults, Fault{
			Variable: wrong.Path, Problem: wrong.Problem, File: at, Line: wrong.Line, Column: wrong.Column,
		})
		o.broken = append(o.broken, wrong.Path)
		if wrong.Wanted != "" {
			o.broken = append(o.broken, wrong.Wanted)
		}
		if wrong.Path == "" {
			return // it is not YAML
		}
	}
	if s.Name == "" && s.From == "" && len(o.broken) == 0 {
		f.faults = append(f.faults, Fault{File: at, Line: 1, Problem: "is not a source: it has neither name nor from"})
		return
	}
	f.Sources, f.origins = append(f.Sources, s), append(f.origins, o)
}

func readSourceFile(at string) ([]byte, error) {
	info, err := os.Stat(at)
	if err == nil && info.Size() > maxSourceFile {
		err = errors.New("is larger than 1 MiB")
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(at)
}

// origin finds where a member stands that is counted among all sources, as in sources[7].deviceId: the file, and the
// member's path there.
func (f *File) origin(member string) (*origin, string) {
	number, rest, ok := strings.Cut(strings.TrimPrefix(member, "sources["), "]")
	i, err := strconv.Atoi(number)
	if !ok || err != nil || !strings.HasPrefix(member, "sources[") || i < 0 || i >= len(f.origins) {
		return &origin{file: f.name, places: f.places, broken: f.broken}, member
	}
	o := &f.origins[i]
	if o.path != "" {
		return &origin{file: o.file, places: o.places, broken: f.broken}, o.path + rest
	}
	return o, strings.TrimPrefix(rest, ".")
}

// locate tells a definition where it stands, and what it finds its files by.
func (f *File) locate(d *transform.Definition, i int) {
	d.Place = func(member string) (line, column int) {
		o, inner := f.origin(member)
		if o.places == nil {
			return 0, 0
		}
		return o.places.At(inner)
	}
	if o := &f.origins[i]; o.path == "" {
		d.File, d.Files = o.file, f.named.Beside(o.folder)
	}
}

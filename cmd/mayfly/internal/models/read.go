package models

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"mayfly/transform/template"
	"mayfly/transform/template/dtdl"
)

// File is a file that was read.
type File struct {
	Name   string
	Roots  []string        // identifiers of its models that are not parts of others
	Faults template.Faults // with any of these, the file is not in the set

	data []byte
}

// Collection is files that were read together.
type Collection struct {
	Files []*File
	Set   *template.Set // of the files without faults
}

// Read reads files together, so that they may refer to each other. The error is of a file that cannot be opened.
func Read(names []string) (*Collection, error) {
	t := &Collection{}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		f := &File{Name: name}
		if info.Size() > dtdl.MaxFile {
			f.Faults = template.Faults{{File: name, Problem: fmt.Sprintf("has more than %d MiB", dtdl.MaxFile>>20)}}
		} else if f.data, err = os.ReadFile(name); err != nil {
			return nil, err
		}
		t.Files = append(t.Files, f)
	}
	for t.Set == nil {
		t.build()
	}
	return t, nil
}

// build makes a set of the files that have no faults so far. Where that brings faults to light, there is no set, and
// the next attempt is without the files that have them.
func (t *Collection) build() {
	b := template.NewBuilder()
	added := map[string]*File{}
	wrong := 0
	for _, f := range t.Files {
		if len(f.Faults) > 0 {
			continue
		}
		var err error
		if f.Roots, err = b.Add(f.Name, f.data); !errors.As(err, &f.Faults) {
			added[f.Name] = f
		} else {
			wrong++
		}
	}
	set, err := b.Set()
	var faults template.Faults
	if !errors.As(err, &faults) {
		t.Set = set
		return
	}
	for _, fault := range faults {
		if f := added[fault.File]; f != nil {
			f.Faults = append(f.Faults, fault)
			wrong++
		}
	}
	for _, f := range added {
		if wrong == 0 { // it is the fault of no file in particular
			f.Faults = faults
		}
	}
}

// Describe says in one line what the models of a file are, or what is wrong.
func (t *Collection) Describe(f *File) string {
	if n := len(f.Faults) - 1; n > 0 {
		return fmt.Sprintf("%v (and %d more)", f.Faults[0], n)
	} else if n == 0 {
		return f.Faults[0].Error()
	}
	models := make([]string, len(f.Roots))
	for i, id := range f.Roots {
		model := t.Set.Model(id)
		models[i] = fmt.Sprintf("%s %d telemetry", id, model.Telemetry())
		if missing := model.Missing(); len(missing) > 0 {
			models[i] += " (not checked: " + strings.Join(missing, ", ") + ")"
		}
	}
	return "ok " + strings.Join(models, ", ") + "  " + f.Name
}

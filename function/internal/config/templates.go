package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mayfly/internal/filelist"
	"mayfly/transform/template"
	"mayfly/transform/template/dtdl"
)

const (
	templateExtension = ".json"
	// maxTemplateBytes bounds all files together: a model takes about as much memory as its text.
	maxTemplateBytes = 256 << 20
	maxMissing       = 10 // interfaces that are named
)

// checkTemplates reads the device templates that the variable and the file name. Where there are some and nobody says
// what they are for, what does not fit is reported.
func (c *Config) checkTemplates(file *File, fault faultFunc) {
	chosen := c.Getenv("TEMPLATE") != "" // the variable before the file
	if file.Template != nil && !chosen {
		c.TemplatePolicy, chosen = *file.Template, true
	}
	paths := append(templatePaths(c.TemplateFiles, fault), file.templatePaths()...)
	if len(paths) == 0 {
		return
	}
	c.Templates = file.readTemplates(paths)
	if !chosen {
		c.TemplatePolicy.Mode = template.Report
	}
}

// LoadTemplates reads the device templates that the variables and the configuration file name, and who they are for:
// of the Config that it returns, that is Templates, TemplatePolicy, Sources and, of Fleets, ModelID and Template.
// Of the variables nothing else is checked. The file is the one at path, or that of CONFIG. The error is a FaultsError.
func LoadTemplates(environ []string, path string) (*Config, error) {
	vars := environment(environ)
	c := &Config{Fleets: map[string]Fleet{}, Getenv: func(name string) string { return vars[name] }}
	faults := slices.DeleteFunc(FaultsError(c.readVariables(vars)), func(f Fault) bool {
		return f.Variable != "TEMPLATE"
	})
	c.ConfigFile = cmp.Or(path, c.ConfigFile)
	file := c.readFile(nil)
	c.checkTemplates(file, faults.addFirst)
	c.Fleets[""] = Fleet{ModelID: c.ModelID, Template: c.FleetSpec.Template}
	for i := range file.Fleets {
		f := &file.Fleets[i]
		c.Fleets[f.Name] = Fleet{ModelID: f.ModelID, Template: f.Template}
	}
	if faults = append(faults, file.faults...); len(faults) > 0 {
		faults.sort()
		return nil, faults
	}
	return c, nil
}

// templatePaths lists the files that the variable names, seen from the working directory.
func templatePaths(variable string, fault faultFunc) []string {
	names := strings.FieldsFunc(variable, func(r rune) bool { return r == ',' })
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	paths, err := filelist.Expand(".", names, templateExtension)
	if err != nil {
		fault("TEMPLATES", "%v", err)
	}
	return paths
}

// templatePaths lists the files that the file names, seen from its folder.
func (f *File) templatePaths() []string {
	var paths []string
	for i, name := range f.Templates {
		member := fmt.Sprintf("templates[%d]", i)
		found, err := filelist.Expand(f.named.Folder, []string{name}, templateExtension)
		if err != nil {
			f.add(member, "%v", err)
		}
		for _, path := range found {
			written := path
			if from, err := filepath.Rel(f.named.Folder, path); err == nil && !filepath.IsAbs(name) {
				written = from
			}
			f.named.Add(NamedFile{Name: filepath.ToSlash(written), Path: path, Member: member})
		}
		paths = append(paths, found...)
	}
	return paths
}

// readTemplates reads and checks the files; nil where something is wrong with them.
func (f *File) readTemplates(paths []string) *template.Set {
	b := template.NewBuilder()
	var total int64
	for _, path := range paths {
		info, err := os.Stat(path)
		var data []byte
		switch {
		case err != nil:
		case info.Size() > dtdl.MaxFile:
			err = fmt.Errorf("has more than %d MiB", dtdl.MaxFile>>20)
		case total+info.Size() > maxTemplateBytes:
			err = fmt.Errorf("the templates have more than %d MiB together", maxTemplateBytes>>20)
		default:
			total += info.Size()
			data, err = os.ReadFile(path)
		}
		if err != nil {
			f.faults = append(f.faults, Fault{File: path, Problem: err.Error()})
			return nil
		}
		_, _ = b.Add(path, data) // Set tells the faults of all files
	}
	set, err := b.Set()
	if wrong, ok := errors.AsType[template.Faults](err); ok {
		for _, one := range wrong {
			f.faults = append(f.faults, Fault{File: one.File, Line: one.Line, Variable: one.Path, Problem: one.Problem})
		}
		return nil
	}
	missing := set.Missing()
	for _, id := range missing[:min(len(missing), maxMissing)] {
		f.warn("templates", "%s is referred to and no file has it: its telemetry is not checked", id)
	}
	if more := len(missing) - maxMissing; more > 0 {
		f.warn("templates", "and %d more interfaces are referred to that no file has", more)
	}
	return set
}

package config

import (
	"path/filepath"

	"mayfly/function/internal/config/named"
	"mayfly/transform"
	"mayfly/transform/template"
)

// Report is what the configuration file says and lacks, whatever the environment says
// beside it.
type Report struct {
	Found       string                 // the file that was read; empty where there is none
	Transformer *transform.Transformer // with the sources of the file that are not at fault
	Faults      FaultsError            // what stops a start
	Warnings    []Fault                // what does not
	Files       []NamedFile            // that the file names
	Missing     []string               // paths of those that are not there
	Templates   *template.Set          // that the file names; nil where there are none, or one is at fault
}

// CheckFile checks all that stands in the configuration file: the one at path, or
// mayfly.yaml where path is empty and there is one. Of the environment it takes what
// the file's own members depend on. A key that is not on this machine is a warning.
func CheckFile(environ []string, path string, options ...Option) *Report {
	c := &Config{}
	_ = c.readVariables(environment(environ)) // they are not at stake
	c.ConfigFile = path
	file := c.readFile(options)
	file.lenient = true
	var variables FaultsError
	c.checkSuffixes(variables.addFirst)
	c.checkFileFleets(file)
	c.checkAPIKeys(variables.addFirst)
	c.checkFile(file)
	c.Templates = file.readTemplates(file.templatePaths())
	c.checkEnrichment(file)
	file.warnOfOutside()
	file.faults.sort()
	FaultsError(file.warnings).sort()
	return &Report{
		Found: file.name, Transformer: c.Transformer, Faults: file.faults, Warnings: file.warnings,
		Files: file.named.List, Missing: file.named.Missing, Templates: c.Templates,
	}
}

// warnOfOutside warns of files that a package could not hold where they are.
func (f *File) warnOfOutside() {
	for _, file := range f.named.List {
		member := f.memberOf(file)
		switch {
		case file.Secret: // never packed
		case file.Outside():
			f.warn(member, "%s lies outside of the folder of %s: mayfly pack refuses it", file.Name,
				filepath.Base(f.name))
		case named.LeadsOut(f.named.Folder, file.Path):
			f.warn(member, "%s is a symbolic link out of the folder of %s: mayfly pack copies the file itself, "+
				"other copies of the folder may lose it", file.Name, filepath.Base(f.name))
		}
	}
}

// memberOf finds the member that names a file, for its place.
func (f *File) memberOf(file NamedFile) string {
	if file.Member != "" {
		return file.Member
	}
	if f.places == nil {
		return ""
	}
	return f.places.Find(func(text string) bool { return filepath.ToSlash(filepath.Clean(text)) == file.Name })
}

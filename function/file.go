package function

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"mayfly/transform"
)

// configFile is read where it is present and CONFIG names no other.
const configFile = "mayfly.yaml"

// File is what the configuration file says beside the environment.
type File struct {
	Sources []transform.Definition `yaml:"sources"`
}

// LoadSources makes a Transformer with the built-in sources and those of the
// configuration file: the one at path, or mayfly.yaml where path is empty and
// there is one. Its error is a FaultsError; found names the file that was read.
func LoadSources(path string) (t *transform.Transformer, found string, err error) {
	t = transform.New()
	text, err := os.ReadFile(or(path, configFile))
	switch {
	case path == "" && errors.Is(err, fs.ErrNotExist):
		return t, "", nil
	case err != nil:
		return nil, "", FaultsError{{"CONFIG", "cannot be read: " + err.Error()}}
	}
	found = or(path, configFile)
	var file File
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, found, FaultsError{{found, strings.TrimSpace(yaml.FormatError(err, false, false))}}
	}
	err = t.Add(found, file.Sources, os.DirFS(filepath.Dir(found)))
	if wrong, ok := errors.AsType[transform.Faults](err); ok {
		faults := make(FaultsError, len(wrong))
		for i, f := range wrong {
			faults[i] = fileFault(f)
		}
		return nil, found, faults
	}
	return t, found, err
}

// fileFault puts the place of a fault where a variable's name stands otherwise.
func fileFault(f *transform.Fault) Fault {
	at := *f
	at.File, at.Line = "", 0
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	return Fault{place, at.Error()}
}

package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/config/named"
	"mayfly/function/internal/lookup"
	"mayfly/function/internal/sanitize"
	"mayfly/internal/settings"
	"mayfly/transform"
	"mayfly/transform/codec"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
	"mayfly/transform/reduce"
	"mayfly/transform/template"
)

// configFile is read where it is present and CONFIG names no other.
const configFile = "mayfly.yaml"

// File is what the configuration file says beside the environment.
type File struct {
	Sources      []Source                `yaml:"sources"`      // new ones, changed ones, and files of them
	Callers      []policy.CallerSpec     `yaml:"callers"`      // who may send with a key
	Tokens       []policy.TokenSpec      `yaml:"tokens"`       // issuers of JWTs that callers may present
	Certificates *policy.CertificateSpec `yaml:"certificates"` // the CA of callers that present a certificate
	Templates    []string                `yaml:"templates"`    // files, folders and patterns of device templates
	Template     *template.Policy        `yaml:"template"`     // what happens to telemetry that does not fit them
	Tables       []TableSpec             `yaml:"tables"`       // look-up tables, for enrich and for row in expressions
	Enrich       []enrich.Step           `yaml:"enrich"`       // what is added to messages, step by step
	Lookups      []lookup.Spec           `yaml:"lookups"`      // services that are asked for what goes with messages
	Reduce       *reduce.Spec            `yaml:"reduce"`       // how the readings of a request become fewer messages
	Fleets       []FleetSpec             `yaml:"fleets"`       // further DPS instances, beside that of ID_SCOPE

	name     string // of the file; empty where there is none
	places   *settings.Places
	named    *named.Files
	written  map[string]string // references by path, as the file has them
	tables   []Table
	rows     *Rows       // nil without tables
	lenient  bool        // about secrets that are not on this machine
	broken   []string    // the members that could not be read
	origins  []origin    // of the sources, in their order
	faults   FaultsError // what is wrong
	warnings []Fault
}

// Option changes how sources are made.
type Option func(*transform.Transformer)

// WithCodecs sets what runs the JavaScript codecs of sources: this process otherwise.
func WithCodecs(engine codec.Engine) Option {
	return func(t *transform.Transformer) { t.WithCodecs(engine) }
}

func newTransformer(options []Option) *transform.Transformer {
	t := transform.New()
	for _, option := range options {
		option(t)
	}
	return t
}

// LoadSources makes a Transformer with the built-in sources and those of the
// configuration file: the one at path, or mayfly.yaml where path is empty and
// there is one. Its error is a FaultsError; found names the file that was read.
func LoadSources(path string, options ...Option) (t *transform.Transformer, found string, err error) {
	t, file := loadFile(path, options)
	if len(file.faults) > 0 {
		file.faults.sort()
		return nil, file.name, file.faults
	}
	return t, file.name, nil
}

// loadFile reads the configuration file and makes its sources. What is wrong are the
// faults of the File; what could not be read is empty, so that the rest can be judged.
func loadFile(path string, options []Option) (*transform.Transformer, *File) {
	t, file := newTransformer(options), &File{named: &named.Files{}}
	found, err := findFile(path)
	if path == "" && errors.Is(err, fs.ErrNotExist) {
		return t, file
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(found)
	}
	if err != nil {
		file.faults = append(file.faults, Fault{Variable: "CONFIG", Problem: "cannot be read: " + err.Error()})
		return t, file
	}
	wrong := settings.ReadAll(text, file)
	file.name, file.places = found, settings.NewPlaces(text)
	file.named = &named.Files{Folder: filepath.Dir(found)}
	for _, w := range wrong {
		file.unread(w)
	}
	file.expandSources()
	file.rebase()
	if file.tables = file.checkTables(); len(file.tables) > 0 {
		file.rows = newRows(file.tables)
		t.WithTables(file.rows)
	}
	definitions := mappings(file.Sources)
	for i := range definitions {
		file.locate(&definitions[i], i)
	}
	err = t.Add(found, definitions, file.named)
	adopt(file.Sources, definitions)
	if faults, ok := errors.AsType[message.Faults](err); ok {
		for _, f := range faults {
			file.mapped(f)
		}
	}
	return t, file
}

// readFile reads the configuration file.
func (c *Config) readFile(options []Option) *File {
	t, file := loadFile(c.ConfigFile, options)
	c.Transformer, c.Sources, c.Tokens, c.Certificates = t, file.Sources, file.Tokens, file.Certificates
	return file
}

// findFile gives the path of the configuration file. One that is not in the working
// directory is looked for next to the program: not every host starts it there.
func findFile(path string) (string, error) {
	found := cmp.Or(path, configFile)
	_, err := os.Stat(found)
	if err == nil || !errors.Is(err, fs.ErrNotExist) || filepath.IsAbs(found) {
		return found, err
	}
	if program, failed := os.Executable(); failed == nil {
		beside := filepath.Join(filepath.Dir(program), found)
		if info, failed := os.Stat(beside); failed == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	return found, err
}

// who names the owner of a member, for people who do not count list elements.
func (f *File) who(path string) string {
	list, rest, _ := strings.Cut(path, "[")
	var i int
	if _, err := fmt.Sscanf(rest, "%d]", &i); err != nil || i < 0 {
		return ""
	}
	kind, name := "", ""
	switch {
	case list == "sources" && i < len(f.Sources):
		kind, name = "source", cmp.Or(f.Sources[i].Name, f.Sources[i].From)
	case list == "callers" && i < len(f.Callers):
		kind, name = "caller", f.Callers[i].Name
	case list == "tokens" && i < len(f.Tokens):
		kind, name = "issuer", f.Tokens[i].Name
	case list == "tables" && i < len(f.Tables):
		kind, name = "table", f.Tables[i].Name
	case list == "lookups" && i < len(f.Lookups):
		kind, name = "look-up", f.Lookups[i].Name
	case list == "fleets" && i < len(f.Fleets):
		kind, name = "fleet", f.Fleets[i].Name
	}
	if name == "" || !sanitize.Printable(name) {
		return ""
	}
	return kind + " " + sanitize.LogName(name) + ": "
}

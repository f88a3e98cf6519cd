package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"mayfly/function/internal/auth/policy"
	"mayfly/internal/settings"
	"mayfly/transform"
	"mayfly/transform/codec"
	"mayfly/transform/message"
)

// configFile is read where it is present and CONFIG names no other.
const configFile = "mayfly.yaml"

// File is what the configuration file says beside the environment.
type File struct {
	Sources      []Source                `yaml:"sources"`      // new sources, and built-in ones that are changed
	Callers      []policy.CallerSpec     `yaml:"callers"`      // who may send with a key
	Tokens       []policy.TokenSpec      `yaml:"tokens"`       // issuers of JWTs that callers may present
	Certificates *policy.CertificateSpec `yaml:"certificates"` // the CA of callers that present a certificate
	Fleets       []FleetSpec             `yaml:"fleets"`       // further DPS instances, beside that of ID_SCOPE
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
	t, _, found, err = loadFile(path, options)
	return t, found, err
}

func loadFile(path string, options []Option) (t *transform.Transformer, file *File, found string, err error) {
	t, file = newTransformer(options), &File{}
	text, err := os.ReadFile(cmp.Or(path, configFile))
	switch {
	case path == "" && errors.Is(err, fs.ErrNotExist):
		return t, file, "", nil
	case err != nil:
		return nil, nil, "", FaultsError{{"CONFIG", "cannot be read: " + err.Error()}}
	}
	found = cmp.Or(path, configFile)
	if err := settings.Read(text, file, yaml.Strict()); err != nil {
		return nil, nil, found, FaultsError{{found, strings.TrimSpace(yaml.FormatError(err, false, false))}}
	}
	definitions := mappings(file.Sources)
	err = t.Add(found, definitions, os.DirFS(filepath.Dir(found)))
	adopt(file.Sources, definitions)
	if wrong, ok := errors.AsType[message.Faults](err); ok {
		faults := make(FaultsError, len(wrong))
		for i, f := range wrong {
			faults[i] = fileFault(f)
		}
		return nil, nil, found, faults
	}
	return t, file, found, err
}

// readFile reads the configuration file. What it could not read is empty
// afterwards, so that the rest can be judged all the same.
func (c *Config) readFile(options []Option) (*File, error) {
	t, file, _, err := loadFile(c.ConfigFile, options)
	if err != nil {
		t, file = transform.New(), &File{}
	}
	c.Transformer, c.Sources, c.Tokens, c.Certificates = t, file.Sources, file.Tokens, file.Certificates
	return file, err
}

func (c *Config) fileName() string { return cmp.Or(c.ConfigFile, configFile) }

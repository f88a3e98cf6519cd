package starter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mayfly/cmd/mayfly/internal/schema"
)

// Plan is what a new installation is to be.
type Plan struct {
	Host     Host
	Source   string // a source's name, or Native
	IDScope  string
	GroupKey string // the key or a reference to it, as in GROUP_KEY
	Caller   string // name of the first caller
	Key      string // of that caller; empty where mayfly.yaml is there already
	Hash     string // of Key, as in mayfly.yaml
}

const schemaFile = "mayfly.schema.json"

// Native is the source of a device that posts to Mayfly's own routes.
const Native = "native"

// File is one file of an installation.
type File struct {
	Name    string // without a folder
	Purpose string
	Content string
	Secret  bool // others on the machine must not read it
}

// Files returns the files of the plan.
func (p *Plan) Files() []File {
	files := []File{
		{Name: "mayfly.yaml", Purpose: p.callerPurpose(), Content: p.config()},
		{Name: ".env", Purpose: "the ID scope and the secrets, for this machine; keep it out of repositories",
			Content: p.env(), Secret: true},
		{Name: schemaFile, Purpose: "lets editors complete and check mayfly.yaml", Content: schema.Text},
		{Name: ".gitignore", Purpose: "keeps the secrets out of a repository", Content: ".env\nlocal.settings.json\n"},
	}
	return append(files, p.hostFiles()...)
}

func (p *Plan) callerPurpose() string {
	if !p.HasCaller() {
		return "no callers: the Functions host asks for its own keys"
	}
	return fmt.Sprintf("the caller %s, and the hash of its key", p.Caller)
}

// HasCaller reports whether the host leaves it to Mayfly to know its callers.
func (p *Plan) HasCaller() bool { return p.Host != Functions }

func (p *Plan) config() string {
	var b strings.Builder
	b.WriteString("# yaml-language-server: $schema=" + schemaFile + "\n")
	b.WriteString("# docs/mapping.md tells about sources, docs/security.md about callers.\n")
	if !p.HasCaller() {
		b.WriteString("# Callers have function keys, which the Functions host checks.\nsources: []\n")
		return b.String()
	}
	allowed := p.Source
	if p.Source == Native {
		allowed = "telemetry, device"
	}
	fmt.Fprintf(&b, `callers:
  - name: %s
    keys: ["%s"]
    sources: [%s]
    devices: ["*"] # the devices that it may send for, such as ["pump-*"]
`, p.Caller, p.Hash, allowed)
	return b.String()
}

func (p *Plan) env() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ID_SCOPE=%s\nGROUP_KEY=%s\n", quoted(p.IDScope), quoted(p.GroupKey))
	if !p.HasCaller() {
		b.WriteString("AUTH=none\n")
		return b.String()
	}
	b.WriteString("AUTH=keys\n")
	if p.Key != "" {
		fmt.Fprintf(&b, "# The key of %s, for the commands send and replay.\nMAYFLY_KEY=%s\n", p.Caller, p.Key)
	}
	return b.String()
}

// quoted is a value as both shells and Docker read it: quoted where it has to be, which Docker does not understand.
func quoted(s string) string {
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=:._-@", r) {
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	return s
}

// Written is what became of a file.
type Written struct {
	File
	Kept bool // it was there, and was left as it is
}

// Write creates the files in a folder. One that is there already is kept. When it fails, the files before stay.
func Write(folder string, files []File) ([]Written, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	var out []Written
	for _, f := range files {
		kept, err := create(filepath.Join(folder, f.Name), &f)
		if err != nil {
			return out, err
		}
		out = append(out, Written{f, kept})
	}
	return out, nil
}

func create(path string, f *File) (kept bool, err error) {
	mode := fs.FileMode(0o644)
	if f.Secret {
		mode = 0o600
	}
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	_, err = to.WriteString(f.Content)
	if err = errors.Join(err, to.Close()); err != nil {
		_ = os.Remove(path)
	}
	return false, err
}

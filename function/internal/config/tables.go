package config

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"mayfly/internal/secret"
	"mayfly/internal/settings"
	"mayfly/transform/message"
	"mayfly/transform/table"
)

// TableSpec is a table of the configuration file, for the steps of enrich and for row in expressions.
type TableSpec struct {
	Name    string                 `yaml:"name"`    // letters, digits, hyphens and underscores
	File    string                 `yaml:"file"`    // path beside mayfly.yaml, of CSV with a header, JSON or YAML
	URL     string                 `yaml:"url"`     // https address of it, instead of a file
	Key     string                 `yaml:"key"`     // the column by which rows are found
	Format  table.Format           `yaml:"format"`  // csv, json or yaml, where the name does not end in it
	Refresh time.Duration          `yaml:"refresh"` // how often it is looked whether it has changed; 1m
	Headers map[string]secret.Text `yaml:"headers"` // of the request to url; each may be a reference to a secret
	Timeout time.Duration          `yaml:"timeout"` // of the request to url; 10s
	Allow   string                 `yaml:"allow"`   // private: a url of this machine or of a private network, too
}

// Table is a table whose specification was checked.
type Table struct {
	TableSpec
	Path    string                      // of the file on this machine
	Secrets map[string]secret.Reference // the headers
	Rows    *table.Table                // of the file, as it was at the start; nil for a url
	State   FileState
}

const (
	defaultRefresh = time.Minute
	minRefresh     = time.Second
	defaultTimeout = 10 * time.Second
	// MaxTableBytes bounds all tables together.
	MaxTableBytes = 512 << 20
	maxTables     = 64
)

// checkTables checks the tables of the file and reads those that are files.
func (f *File) checkTables() []Table {
	if len(f.Tables) > maxTables {
		f.add("tables", "there are more than %d", maxTables)
		return nil
	}
	tables := make([]Table, len(f.Tables))
	left := int64(MaxTableBytes)
	for i := range f.Tables {
		place := fmt.Sprintf("tables[%d].", i)
		t := &tables[i]
		t.TableSpec = f.Tables[i]
		if f.checkTable(place, t, tables[:i]) && t.URL == "" {
			f.readTable(place, t, &left)
		}
	}
	return tables
}

// checkTable checks what is said of a table; false where it cannot be read.
func (f *File) checkTable(place string, t *Table, before []Table) bool {
	faults := len(f.faults)
	fault := func(member, format string, args ...any) { f.add(place+member, format, args...) }
	switch {
	case t.Name == "" || strings.Trim(strings.ToLower(t.Name), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		fault("name", "is missing, or has more than letters, digits, hyphens and underscores")
	case slices.ContainsFunc(before, func(other Table) bool { return other.Name == t.Name }):
		fault("name", "another table has this name")
	}
	if strings.HasPrefix(t.File, "https://") && t.URL == "" {
		t.File, t.URL = "", t.File
	}
	name := t.File
	switch u, err := url.Parse(t.URL); {
	case (t.File == "") == (t.URL == ""):
		fault("file", "or url must be set, and not both")
	case t.URL == "":
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "":
		fault("url", "is not an https address without a user, as in https://example.com/assets.csv")
	default:
		name = u.Path
	}
	if t.Key == "" {
		fault("key", "is missing: the column by which rows are found")
	}
	if t.Format == "" && name != "" {
		t.Format = formatOf(name)
	}
	problem := settings.Enum(string(t.Format), string(table.CSV), string(table.JSON), string(table.YAML))
	if problem != "" {
		fault("format", "%s", problem)
	} else if t.Format == "" && t.File != "" {
		fault("format", "is missing: the name of the file does not end in .csv, .json or .yaml")
	}
	if t.Refresh = cmp.Or(t.Refresh, defaultRefresh); t.Refresh < minRefresh || t.Refresh > 7*24*time.Hour {
		fault("refresh", "must be from 1s to 168h")
	}
	if t.Timeout = cmp.Or(t.Timeout, defaultTimeout); t.Timeout < time.Second || t.Timeout > time.Minute {
		fault("timeout", "must be from 1s to 1m")
	}
	if problem := settings.Enum(t.Allow, "private"); problem != "" {
		fault("allow", "%s", problem)
	}
	return len(f.faults) == faults
}

// checkTableHeaders reads the references of the headers.
func (f *File) checkTableHeaders(place string, t *Table) {
	t.Secrets = map[string]secret.Reference{}
	if len(t.Headers) > 0 && t.URL == "" {
		f.add(place+"headers", "are for a url, and the table has none")
		return
	}
	for name, value := range t.Headers {
		if !message.ValidProperty(name) { // a token, which is what a header's name is, too
			f.add(place+"headers."+name, "%s is not the name of a header", message.Quote(name))
			continue
		}
		ref := f.reference(place+"headers."+name, value.Reveal(), func(text string) error {
			if strings.ContainsAny(text, "\r\n\x00") {
				return errors.New("has a line break in it, which a header cannot have")
			}
			return nil
		})
		if ref != nil {
			t.Secrets[name] = *ref
		}
	}
}

func formatOf(name string) table.Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv":
		return table.CSV
	case ".json":
		return table.JSON
	case ".yaml", ".yml":
		return table.YAML
	}
	return ""
}

// readTable reads the file of a table. left is how much all files may still have.
func (f *File) readTable(place string, t *Table, left *int64) {
	t.Path = f.named.Path(t.File)
	file, err := f.named.Open(t.File)
	if err == nil {
		t.Rows, t.State, err = t.ReadFile(file)
	}
	if t.State.Info != nil {
		*left -= t.State.Info.Size()
	}
	wrong, broken := errors.AsType[table.Faults](err)
	switch {
	case errors.Is(err, table.ErrTooLarge) && len(wrong) == 1 && wrong[0].Line == 0:
		f.add(place+"file", "%s %v", t.File, err)
	case broken:
		for _, one := range wrong {
			f.faults = append(f.faults, Fault{File: t.Path, Line: one.Line, Column: one.Column,
				Problem: "table " + t.Name + ": " + one.Problem})
		}
	case err != nil:
		f.add(place+"file", "cannot be read: %v", err)
	case *left < 0:
		f.add(place+"file", "the tables have more than %d MiB together", MaxTableBytes>>20)
	}
}

// FileState is what a file was when it was read.
type FileState struct {
	Info fs.FileInfo // nil: it was not
	Sum  [sha256.Size]byte
}

// ReadFile reads the rows of a file, which it closes, and what the file is then. Of one that is too large it reads
// nothing. The error is [table.Faults], or of the file.
func (t *Table) ReadFile(file fs.File) (*table.Table, FileState, error) {
	defer func() { _ = file.Close() }() // it was read
	var state FileState
	info, err := file.Stat()
	if err != nil {
		return nil, state, err
	}
	if !info.Mode().IsRegular() {
		return nil, state, errors.New("it is not a file")
	}
	state.Info = info
	limit := table.Limit(t.Format)
	tooLarge := table.Faults{{Kind: table.ErrTooLarge, Problem: table.TooLarge(t.Format)}}
	if info.Size() > int64(limit) {
		return nil, state, tooLarge
	}
	text := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if n, err := text.ReadFrom(io.LimitReader(file, int64(limit)+1)); err != nil {
		return nil, state, err
	} else if n > int64(limit) { // it has grown
		return nil, state, tooLarge
	}
	state.Sum = sha256.Sum256(text.Bytes())
	rows, err := table.Read(text.Bytes(), t.Format, t.Key)
	return rows, state, err
}

package playground

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"mayfly/emulator/console"
	"mayfly/function"
	"mayfly/internal/lazyregexp"
	"mayfly/internal/settings"
	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// codecFile is the name of a codec whose text is in the trial.
const codecFile = "codec.js"

// source returns the source of the configuration, the built-in one, or the one that was edited.
func (p *Playground) source(t *console.Trial) (*transform.Source, error) {
	e := exampleOf(t.Source)
	if e != nil && t.Definition == "" {
		t.Definition = e.definition
	}
	if e != nil && t.Codec == "" {
		t.Codec = e.codec
	}
	if strings.TrimSpace(t.Definition) != "" {
		return p.compile(t)
	}
	source, err := p.configured.Load().transform.Source(t.Source)
	if source == nil && err == nil {
		err = fmt.Errorf("unknown source %q", t.Source)
	}
	if err != nil || t.Codec == "" {
		return source, err
	}
	d := source.Definition
	d.Codec = codecFile
	return p.add(&d, nil, t)
}

// compile makes a source of a text, as the bridge does of its file.
func (p *Playground) compile(t *console.Trial) (*transform.Source, error) {
	d, err := function.ParseMapping([]byte(t.Definition))
	if err != nil {
		return nil, err
	}
	d.Place = settings.NewPlaces([]byte(t.Definition)).At
	if t.Codec != "" && d.Codec != "" {
		d.Codec = codecFile
	}
	var before []transform.Definition
	if base, err := p.configured.Load().transform.Source(d.From); d.From != "" && err == nil && base != nil &&
		base.File != "" {
		before = append(before, base.Definition)
	}
	return p.add(d, before, t)
}

// add compiles a definition, behind those that it may change.
func (p *Playground) add(d *transform.Definition, before []transform.Definition, t *console.Trial) (*transform.Source,
	error) {
	now := p.configured.Load().transform
	fresh := transform.New()
	if p.engine != nil {
		fresh.WithCodecs(p.engine)
	}
	fresh.WithTables(now.Tables())
	if d.Name == "" && d.From == "" {
		d.Name = t.Source
	}
	place := d.Place
	d.Place = func(path string) (line, column int) { // it is not in a list here
		if place == nil {
			return 0, 0
		}
		_, path, _ = strings.Cut(path, "]")
		return place(strings.TrimPrefix(path, "."))
	}
	d.File, d.Files = "", p.files(t)
	list := append(slices.Clip(before), *d)
	if err := fresh.Add("", list, d.Files); err != nil {
		return nil, err
	}
	name := list[len(list)-1].Name
	return fresh.Source(name)
}

// files are those that a definition names: next to the source's file, and the codec that is being edited.
func (p *Playground) files(t *console.Trial) fs.FS {
	var own fs.FS = fstest.MapFS{}
	if s, err := p.configured.Load().transform.Source(t.Source); err == nil && s != nil && s.Files != nil {
		own = s.Files
	}
	if t.Codec == "" {
		return own
	}
	return overlay{fstest.MapFS{codecFile: {Data: []byte(t.Codec)}}, own}
}

// overlay has the files of one over those of another.
type overlay struct{ over, under fs.FS }

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	if f, err := o.over.Open(name); err == nil {
		return f, nil
	}
	return o.under.Open(name)
}

// codecText is the script that decodes the payloads of a source of the configuration; empty where it has none.
func codecText(s *transform.Source) string {
	if s.Files == nil || path.Ext(s.Codec) != ".js" {
		return ""
	}
	text, err := fs.ReadFile(s.Files, path.Clean(s.Codec))
	if err != nil {
		return ""
	}
	return string(text)
}

// ofBytes changes a source into one whose payload is in the trial, and a trial into its request.
func (p *Playground) ofBytes(s *transform.Source, t *console.Trial) (*transform.Source, error) {
	d := transform.Definition{
		Name: s.Name, DeviceID: mapping.Expr{Text: `"codec"`}, Codec: s.Codec, Codecs: s.Codecs,
		Payload: mapping.Expr{Text: "$request.query.bytes | unhex_or_b64"},
		Port: mapping.Expr{Text: "$request.query.fPort | " +
			"num"}, Profile: mapping.Expr{Text: "$request.query.profile"},
	}
	if d.Codec == "" && len(d.Codecs) == 0 {
		return nil, errors.New("the source has no codec")
	}
	t.Request = console.Request{Body: "{}", Query: map[string]string{
		"bytes": t.Bytes, "fPort": strconv.Itoa(t.Port), "profile": t.Profile,
	}}
	return p.add(&d, nil, t)
}

var yamlPlace = lazyregexp.New(`(?:\[|line )(\d+)(?::|, column )(\d+)`)

// mappingProblem tells what is wrong with a mapping, with the places in its text.
func mappingProblem(err error) *console.Problem {
	out := &console.Problem{Where: "mapping", Detail: err.Error()}
	if faults, ok := errors.AsType[message.Faults](err); ok {
		var lines []string
		for _, f := range faults {
			text := f.Problem
			if f.Field != "" {
				text = f.Field + ": " + text
			}
			lines = append(lines, text)
			if f.Line > 0 && f.File == "" {
				out.Places = append(out.Places, console.Place{Line: f.Line, Column: max(f.Column, 1), Text: text})
			}
		}
		out.Detail = strings.Join(lines, "\n")
		return out
	}
	if m := yamlPlace().FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		column, _ := strconv.Atoi(m[2])
		text, _, _ := strings.Cut(err.Error(), "\n")
		out.Places = []console.Place{{Line: line, Column: max(column, 1), Text: text}}
	}
	return out
}

package transform

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"mayfly/internal/settings"
	"mayfly/transform/answer"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
	"mayfly/transform/sources"
)

// Add compiles a user's own sources, which stand in a file, and takes them in; one
// with a built-in source's name replaces that. files is what expressions and
// codecs in files of their own are read from, unless a definition has its own File and
// Files. The error is Faults, with all that is wrong. Add is for the start: it must not
// run concurrently with other methods.
func (t *Transformer) Add(file string, definitions []Definition, files fs.FS) error {
	var faults message.Faults
	var names []string
	for i := range definitions {
		d := &definitions[i]
		d.File, d.Path = cmp.Or(d.File, file), fmt.Sprintf("sources[%d]", i)
		if d.Files == nil {
			d.Files = files
		}
		d.Name = cmp.Or(d.Name, d.From)
		found := t.prepare(d, definitions[:i])
		if slices.Contains(names, d.Name) {
			found = append(found, &message.Fault{Field: "name",
				Problem: "another source in this file, or in one that it names, has it"})
		}
		if slices.Contains([]string{"telemetry", "device", "devices", "ingest", "downlink"}, d.Name) {
			found = append(found, &message.Fault{Field: "name", Problem: "/api/" + d.Name + " is taken"})
		}
		names = append(names, d.Name)
		for _, f := range found {
			d.own(f)
		}
		faults = append(faults, found...)
		if slices.ContainsFunc(found, func(f *message.Fault) bool { return f.Field == "from" }) {
			continue // what it would have taken from there is not known to be missing
		}
		source, err := t.Compile(d)
		if err != nil {
			if found, ok := err.(message.Faults); ok { //nolint:errorlint // compile gives them bare
				faults = append(faults, found...)
			}
			continue
		}
		t.sources[d.Name] = &lazySource{source: source, hints: d.Hints}
	}
	if len(faults) > 0 {
		return faults
	}
	t.order = slices.DeleteFunc(t.order, func(name string) bool { return slices.Contains(names, name) })
	t.order = slices.Insert(t.order, 0, names...)
	t.indexed()
	return nil
}

// prepare fills in what a definition takes from elsewhere.
func (t *Transformer) prepare(d *Definition, before []Definition) message.Faults {
	var faults message.Faults
	d.requireTime()
	d.each(func(field string, e mapping.Expr) mapping.Expr {
		if e.File == "" {
			return e
		}
		text, err := fs.ReadFile(d.Files, path.Clean(e.File))
		if err != nil {
			faults = append(faults, &message.Fault{Field: field, Problem: "cannot be read: " + err.Error()})
		}
		e.Text = string(text)
		return e
	})
	if d.From == "" {
		return faults
	}
	for i := range before {
		if before[i].Name == d.From {
			d.inherit(&before[i])
			return faults
		}
	}
	text, ok := sources.Text(d.From)
	if !ok {
		problem := "source " + message.Quote(d.From) + " is not known; mayfly check lists them"
		if near := settings.Nearest(d.From, sources.Names()); near != "" {
			problem += "; did you mean " + near + "?"
		}
		return append(faults, &message.Fault{Field: "from", Problem: problem})
	}
	base, err := ParseDefinition(text)
	if err != nil {
		return append(faults, &message.Fault{Field: "from", Problem: err.Error()})
	}
	base.each(func(_ string, e mapping.Expr) mapping.Expr {
		e.Line, e.Column = 0, 0 // they are of another file
		return e
	})
	d.inherit(base)
	return faults
}

// inherit takes what a definition leaves out from another one; of let, properties
// and codecs the members. Samples prove the other one, not this.
func (d *Definition) inherit(base *Definition) {
	d.Let, d.Properties = over(base.Let, d.Let), over(base.Properties, d.Properties)
	d.Codecs = over(base.Codecs, d.Codecs)
	theirs := fields(base, &expressions{})
	for i, mine := range fields(d, &expressions{}) {
		if mine.text.IsZero() {
			*mine.text = *theirs[i].text
		}
	}
	d.Title, d.Docs, d.Setup = cmp.Or(d.Title, base.Title), cmp.Or(d.Docs, base.Docs), cmp.Or(d.Setup, base.Setup)
	d.Group, d.Evidence = cmp.Or(d.Group, base.Group), cmp.Or(d.Evidence, base.Evidence)
	d.Patience, d.Units = cmp.Or(d.Patience, base.Patience), cmp.Or(d.Units, base.Units)
	d.OnReject, d.Zone = cmp.Or(d.OnReject, base.OnReject), cmp.Or(d.Zone, base.Zone)
	d.Format, d.Codec = cmp.Or(d.Format, base.Format), cmp.Or(d.Codec, base.Codec)
	d.CSV.Header, d.CSV.Delimiter = cmp.Or(d.CSV.Header, base.CSV.Header), cmp.Or(d.CSV.Delimiter, base.CSV.Delimiter)
	d.TimestampRequired = d.TimestampRequired || base.TimestampRequired
	if d.CSV.Columns == nil {
		d.CSV.Columns = base.CSV.Columns
	}
	d.Answer.Inherit(&base.Answer)
	d.Signature = d.Signature.Inherit(base.Signature, base.File == "")
	d.Downlink.Inherit(&base.Downlink)
	d.Resends = cmp.Or(d.Resends, base.Resends)
	if d.Probes == nil {
		d.Probes = base.Probes
	}
	if d.SecretQuery == nil {
		d.SecretQuery = base.SecretQuery
	}
	if d.Envelope == base.Envelope {
		d.Expects, d.SendJSON = cmp.Or(d.Expects, base.Expects), cmp.Or(d.SendJSON, base.SendJSON)
	}
	if d.Methods == nil {
		d.Methods = base.Methods
	}
	if d.Hints == nil && d.Detect == base.Detect {
		d.Hints = base.Hints
	}
}

func over[T any](base, mine map[string]T) map[string]T {
	out := maps.Clone(base)
	if out == nil {
		return mine
	}
	maps.Copy(out, mine)
	return out
}

// each changes every expression of the definition by a function.
func (d *Definition) each(change func(field string, e mapping.Expr) mapping.Expr) {
	for _, f := range fields(d, &expressions{}) {
		*f.text = change(f.name, *f.text)
	}
	answer.Each(&d.Answer, d.Probes, change)
	d.Downlink.Each(change)
	for prefix, members := range map[string]map[string]mapping.Expr{"let.": d.Let, "properties.": d.Properties} {
		for _, name := range slices.Sorted(maps.Keys(members)) {
			members[name] = change(prefix+name, members[name])
		}
	}
}

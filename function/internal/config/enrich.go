package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"mayfly/internal/settings"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
)

// LoadEnrichment reads the tables, look-ups and steps of the configuration file, and nothing else of it: the file at
// path, or that of CONFIG. Its error is a FaultsError.
func LoadEnrichment(environ []string, path string, options ...Option) (*Config, error) {
	vars := environment(environ)
	c := &Config{Getenv: func(name string) string { return vars[name] }}
	_ = c.readVariables(vars) // they are not at stake
	c.ConfigFile = cmp.Or(path, c.ConfigFile)
	file := c.readFile(options)
	file.lenient = true
	c.checkEnrichment(file)
	if len(file.faults) > 0 {
		file.faults.sort()
		return nil, file.faults
	}
	return c, nil
}

// checkEnrichment checks the tables and the steps that use them.
func (c *Config) checkEnrichment(file *File) {
	c.Tables, c.Rows = file.tables, file.rows
	for i := range c.Tables {
		file.checkTableHeaders(fmt.Sprintf("tables[%d].", i), &c.Tables[i])
	}
	c.checkLookups(file)
	c.checkReduce(file)
	c.Enrich = enrich.Lists{
		Global:  c.compileSteps(file, "", file.Enrich),
		Sources: map[string][]*enrich.Compiled{}, Fleets: map[string][]*enrich.Compiled{},
	}
	for i := range c.Sources {
		if s := &c.Sources[i]; s.Enrich != nil {
			c.Enrich.Sources[s.Name] = c.compileSteps(file, fmt.Sprintf("sources[%d].", i), s.Enrich)
		}
	}
	for i := range file.Fleets {
		if f := &file.Fleets[i]; f.Enrich != nil {
			c.Enrich.Fleets[f.Name] = c.compileSteps(file, fmt.Sprintf("fleets[%d].", i), f.Enrich)
		}
	}
}

// maxSteps bounds a list.
const maxSteps = 32

// compileSteps makes the steps of a list.
func (c *Config) compileSteps(file *File, prefix string, steps []enrich.Step) []*enrich.Compiled {
	if len(steps) > maxSteps {
		file.add(prefix+"enrich", "has more than %d steps", maxSteps)
		return nil
	}
	out := make([]*enrich.Compiled, 0, len(steps))
	for i := range steps {
		place := fmt.Sprintf("%senrich[%d].", prefix, i)
		step := steps[i]
		if step.On.File != "" {
			text, err := fs.ReadFile(file.named, path.Clean(step.On.File))
			if err != nil {
				file.add(place+"on", "cannot be read: %v", err)
			}
			step.On.Text = string(text)
		}
		for _, d := range c.Lookups {
			if d.Name == step.Lookup && d.Refuse && step.Failed == "" {
				step.Failed = "refuse"
			}
		}
		compiled, faults := enrich.Compile(c.Transformer.Language(), step)
		for _, fault := range faults {
			file.expression(place+fault.Field, fault)
		}
		if len(faults) > 0 {
			continue
		}
		c.checkStepTable(file, place, compiled)
		out = append(out, compiled)
	}
	return out
}

// checkStepTable checks that there is such a table, and that it has the fields, or that there is such a look-up.
func (c *Config) checkStepTable(file *File, place string, step *enrich.Compiled) {
	if step.Table == "" {
		names := make([]string, len(c.Lookups))
		for i, d := range c.Lookups {
			names[i] = d.Name
		}
		if !slices.Contains(names, step.Lookup) {
			file.add(place+"lookup", "%s", unknownRows("lookups", step.Lookup, names))
		}
		return
	}
	names := make([]string, len(c.Tables))
	for i := range c.Tables {
		if names[i] = c.Tables[i].Name; names[i] != step.Table {
			continue
		}
		if rows := c.Tables[i].Rows; rows != nil && rows.Len() > 0 {
			if member, problem := step.CheckColumns(rows.Columns()); problem != "" {
				file.add(place+member, "%s", problem)
			}
		}
		return
	}
	file.add(place+"table", "%s", unknownRows("tables", step.Table, names))
}

// unknownRows tells that none of the members of a list has a name.
func unknownRows(list, name string, names []string) string {
	problem := message.Quote(name) + " is not one of the " + list
	if near := settings.Nearest(name, names); near != "" {
		return problem + "; did you mean " + near + "?"
	}
	if len(names) == 0 {
		return problem + ": there are none under " + list
	}
	return problem
}

// expression takes note of the fault of an expression, which may know its own place.
func (f *File) expression(member string, wrong *message.Fault) {
	problem := wrong.Problem
	if wrong.Expression != "" {
		problem += " (in " + wrong.Expression + ")"
	}
	before := len(f.faults)
	f.add(member, "%s", problem)
	if len(f.faults) > before && wrong.Line > 0 {
		last := &f.faults[before]
		last.Line, last.Column = wrong.Line, wrong.Column
		if wrong.File != "" {
			last.File = wrong.File
		}
	}
}

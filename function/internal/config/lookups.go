package config

import (
	"fmt"
	"slices"

	"mayfly/function/internal/lookup"
)

// checkLookups checks and compiles the look-ups of the file.
func (c *Config) checkLookups(file *File) {
	if len(file.Lookups) > lookup.MaxLookups {
		file.add("lookups", "are more than %d", lookup.MaxLookups)
		return
	}
	for i := range file.Lookups {
		spec := &file.Lookups[i]
		place := fmt.Sprintf("lookups[%d]", i)
		if slices.ContainsFunc(file.Lookups[:i], func(s lookup.Spec) bool { return s.Name == spec.Name }) {
			file.add(place+".name", "another look-up has this name")
		}
		d, faults := lookup.Compile(spec, c.Transformer.Language())
		for _, f := range faults {
			file.lookupFault(place, &f)
		}
		for name, text := range spec.Headers {
			file.reference(place+".headers."+name, text.Reveal(), lookup.CheckHeader)
		}
		c.Lookups = append(c.Lookups, d)
	}
}

// lookupFault takes note of a fault of a look-up. What is wrong with a secret is told where that is read.
func (f *File) lookupFault(place string, wrong *lookup.Fault) {
	member := place + "." + wrong.Member
	switch {
	case wrong.Err != nil:
	case wrong.Warning:
		f.warn(member, "%s", wrong.Problem)
	case wrong.Line > 0:
		f.faults = append(f.faults, Fault{Variable: member, Problem: f.who(member) + wrong.Problem, File: f.name,
			Line: wrong.Line, Column: wrong.Column})
	default:
		f.add(member, "%s", wrong.Problem)
	}
}

package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mayfly/internal/settings"
	"mayfly/transform/message"
)

// Fault is one thing that is wrong with the configuration.
type Fault struct {
	Variable     string // or the member of the configuration file, as in callers[1].rate
	Problem      string // and what would be right
	File         string // the member's; empty for a variable
	Line, Column int    // from 1; 0 where the place is not known
}

// String tells the fault in one line, with its place.
func (f Fault) String() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		if f.Column > 0 {
			fmt.Fprintf(&b, ":%d", f.Column)
		}
		b.WriteString(": ")
	}
	if f.Variable != "" {
		b.WriteString(f.Variable + ": ")
	}
	return b.String() + f.Problem
}

// FaultsError is a configuration that cannot be used, with all that is wrong.
type FaultsError []Fault

// Error lists the faults, a line each.
func (e FaultsError) Error() string {
	var b strings.Builder
	b.WriteString("the configuration cannot be used:")
	for _, f := range e {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

// sort puts the faults in order: variables by name, then files by place.
func (e FaultsError) sort() {
	slices.SortStableFunc(e, func(a, b Fault) int {
		if a.File == "" && b.File == "" {
			return cmp.Compare(a.Variable, b.Variable)
		}
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// faultFunc takes note of a fault of a variable or of a member of the file.
type faultFunc func(variable, format string, args ...any)

// addFirst takes note of a fault of a variable, unless it has one: what could not
// be read at all is not judged as well.
func (e *FaultsError) addFirst(variable, format string, args ...any) {
	if !slices.ContainsFunc(*e, func(f Fault) bool { return f.Variable == variable }) {
		*e = append(*e, Fault{Variable: variable, Problem: fmt.Sprintf(format, args...)})
	}
}

// add takes note of a fault in the file. What cannot be read, and what lies within or
// around it, is not judged as well.
func (f *File) add(path, format string, args ...any) {
	o, inner := f.origin(path)
	for _, broken := range o.broken {
		if within(inner, broken) || within(broken, inner) {
			return
		}
	}
	f.faults = append(f.faults, f.at(path, f.who(path)+fmt.Sprintf(format, args...)))
}

// warn takes note of what is not wrong, but may be one day.
func (f *File) warn(path, format string, args ...any) {
	f.warnings = append(f.warnings, f.at(path, f.who(path)+fmt.Sprintf(format, args...)))
}

// at makes a fault with the place of a member.
func (f *File) at(path, problem string) Fault {
	o, inner := f.origin(path)
	out := Fault{Variable: inner, Problem: problem, File: o.file}
	if o.places != nil {
		out.Line, out.Column = o.places.At(inner)
	}
	return out
}

// within tells whether a member is another one, or lies in it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// unread takes note of what the file's reader could not read.
func (f *File) unread(wrong settings.Fault) {
	f.faults = append(f.faults, Fault{Variable: wrong.Path, Problem: f.who(wrong.Path) + wrong.Problem, File: f.name,
		Line: wrong.Line, Column: wrong.Column})
	f.broken = append(f.broken, wrong.Path)
	if wrong.Wanted != "" {
		f.broken = append(f.broken, wrong.Wanted)
	}
}

// mapped takes note of a fault of a source's mapping.
func (f *File) mapped(wrong *message.Fault) {
	o, inner := f.origin(wrong.Member())
	if wrong.File == o.file {
		for _, broken := range o.broken {
			if within(inner, broken) {
				return
			}
		}
	}
	f.faults = append(f.faults, Fault{Variable: inner, Problem: wrong.What(), File: wrong.File,
		Line: wrong.Line, Column: wrong.Column})
}

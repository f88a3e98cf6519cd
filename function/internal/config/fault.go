package config

import (
	"fmt"
	"slices"
	"strings"

	"mayfly/transform/message"
)

// Fault is one thing that is wrong with the configuration.
type Fault struct {
	Variable string // or the place in the configuration file
	Problem  string // and what would be right
}

// FaultsError is a configuration that cannot be used, with all that is wrong.
type FaultsError []Fault

// Error lists the faults, a line each.
func (e FaultsError) Error() string {
	var b strings.Builder
	b.WriteString("the configuration cannot be used:")
	for _, f := range e {
		b.WriteString("\n  " + f.Variable + ": " + f.Problem)
	}
	return b.String()
}

// faultFunc takes note of a fault.
type faultFunc func(variable, format string, args ...any)

// add takes note of a fault in the configuration file.
func (e *FaultsError) add(place, format string, args ...any) {
	*e = append(*e, Fault{place, fmt.Sprintf(format, args...)})
}

// addFirst takes note of a fault of a variable, unless it has one: what could not
// be read at all is not judged as well.
func (e *FaultsError) addFirst(variable, format string, args ...any) {
	if !slices.ContainsFunc(*e, func(f Fault) bool { return f.Variable == variable }) {
		e.add(variable, format, args...)
	}
}

// fileFault puts the place of a fault where a variable's name stands otherwise.
func fileFault(f *message.Fault) Fault {
	at := *f
	at.File, at.Line = "", 0
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	return Fault{place, at.Error()}
}

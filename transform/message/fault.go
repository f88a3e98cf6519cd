package message

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a source.
type Fault struct {
	File         string // where the source stands; empty for a built-in one
	Line, Column int    // zero when the fault has no place
	Source       string
	Field        string // as in deviceId, properties.rssi
	Expression   string // the line of it that is wrong
	Sample       string // the sample that broke it
	Problem      string // and what would be right
}

// Error tells the fault in one line: place, source, field, problem, expression.
func (f *Fault) Error() string {
	var b strings.Builder
	switch {
	case f.File != "" && f.Line > 0:
		fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	case f.File != "":
		b.WriteString(f.File + ": ")
	case f.Line > 0:
		fmt.Fprintf(&b, "line %d, column %d: ", f.Line, f.Column)
	}
	if f.Source != "" {
		b.WriteString("source " + f.Source + ": ")
	}
	if f.Sample != "" {
		b.WriteString("sample " + Quote(f.Sample) + ": ")
	}
	if f.Field != "" {
		b.WriteString(f.Field + ": ")
	}
	b.WriteString(f.Problem)
	if f.Expression != "" {
		b.WriteString(" (in " + f.Expression + ")")
	}
	return b.String()
}

// Faults is a source, or a file of them, with all that is wrong.
type Faults []*Fault

// Error lists the faults, a line each.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Err gives the faults as an error; nil where there are none.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

package message

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a source.
type Fault struct {
	File         string // where the source stands; empty for a built-in one
	Line, Column int    // zero when the fault has no place
	Path         string // of the source in its file, as in sources[0]; empty for a built-in one
	Source       string
	Field        string // as in deviceId, properties.rssi
	Expression   string // the line of it that is wrong
	Sample       string // the sample that broke it
	Problem      string // and what would be right
}

// Error tells the fault in one line: place, member, source, problem, expression. In a
// file that is mayfly.yaml:12:7: sources[0].format: source tank: ...
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
	if member := f.Member(); f.Path != "" && member != "" {
		b.WriteString(member + ": ")
	}
	return b.String() + f.What()
}

// Member is the path of what is wrong in the file, as in sources[0].properties.rssi.
func (f *Fault) Member() string {
	if f.Path != "" && f.Field != "" {
		return f.Path + "." + f.Field
	}
	return f.Path + f.Field
}

// What tells the fault without its place.
func (f *Fault) What() string {
	var b strings.Builder
	if f.Source != "" {
		b.WriteString("source " + f.Source + ": ")
	}
	if f.Sample != "" {
		b.WriteString("sample " + Quote(f.Sample) + ": ")
	}
	if f.Path == "" && f.Field != "" {
		b.WriteString(f.Field + ": ")
	}
	b.WriteString(f.Problem)
	if f.Expression != "" {
		b.WriteString(" (in " + f.Expression + ")")
	}
	return b.String()
}

// Located fills in the place of a fault that has none, where the file knows it. place
// gives line and column of a path; it may be nil.
func (f *Fault) Located(place func(path string) (line, column int)) *Fault {
	if f.Line == 0 && place != nil {
		f.Line, f.Column = place(f.Member())
	}
	return f
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

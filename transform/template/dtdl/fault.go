package dtdl

import (
	"fmt"
	"strconv"
	"strings"

	"mayfly/internal/jsonscan"
)

// Fault is one thing that is wrong with a model.
type Fault struct {
	File    string
	Line    int    // zero when the fault has no place
	Path    string // as in contents[3].schema
	Problem string // and what would be right
}

// Error describes the fault in one line: place, path, problem.
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		b.WriteString(":" + strconv.Itoa(f.Line))
	}
	if f.Path != "" {
		b.WriteString(": " + f.Path)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(f.Problem)
	return b.String()
}

// Faults is all that is wrong with a file, or as much of it as helps.
type Faults []*Fault

// MaxFaults bounds the faults of a file that are reported.
const MaxFaults = 20

// Error lists the faults, a line each.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// path is a place in a document, built from the inside out.
type path struct {
	up    *path
	name  string // of a member
	index int    // of an element, where name is empty
}

func (p *path) member(name string) *path { return &path{up: p, name: name} }

func (p *path) element(i int) *path { return &path{up: p, index: i} }

// at is the place of a value in a member's list, or of the value that stands for a
// list of one.
func (p *path) at(list *jsonscan.Node, i int) *path {
	if list.Kind != jsonscan.Array {
		return p
	}
	return p.element(i)
}

// String writes the place as in contents[3].schema.
func (p *path) String() string {
	if p == nil {
		return ""
	}
	up := p.up.String()
	switch {
	case p.name == "":
		return fmt.Sprintf("%s[%d]", up, p.index)
	case up == "":
		return p.name
	}
	return up + "." + p.name
}

// shown cuts what an error cites from a document.
func shown(text string) string {
	const maxShown = 80
	if len(text) > maxShown {
		text = text[:maxShown] + "..."
	}
	return strconv.Quote(text)
}

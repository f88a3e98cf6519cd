package table

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What is wrong with a table. A [Fault] is one of these to [errors.Is].
var (
	ErrMalformed    = errors.New("the table cannot be read as what it claims to be")
	ErrMissingKey   = errors.New("the table has no such key column, or a row without a key")
	ErrDuplicateKey = errors.New("two rows have the same key")
	ErrNUL          = errors.New("the table has a NUL byte")
	ErrRagged       = errors.New("a row does not have as many cells as there are columns")
	ErrTooLarge     = errors.New("the table is too large")
)

// Fault is one thing that is wrong with a table.
type Fault struct {
	Kind         error // one of the errors of this package
	Line, Column int   // from 1, columns in bytes; 0 where the fault has no place
	Problem      string
}

// Error describes the fault, with its place.
func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.Problem
	}
	return fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Problem)
}

// Unwrap returns the kind.
func (f *Fault) Unwrap() error { return f.Kind }

// Faults is a table that cannot be used, with what is wrong, at most maxFaults of it.
type Faults []*Fault

const maxFaults = 10

// Error lists the faults, a line each.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults.
func (f Faults) Unwrap() []error {
	all := make([]error, len(f))
	for i, one := range f {
		all[i] = one
	}
	return all
}

// add adds a fault; it returns whether there is room for more.
func (f *Faults) add(kind error, at place, format string, args ...any) bool {
	if len(*f) < maxFaults {
		*f = append(*f, &Fault{kind, int(at.line), int(at.column), fmt.Sprintf(format, args...)})
	}
	return len(*f) < maxFaults
}

// place is where something stands in the file.
type place struct{ line, column uint32 }

// placer finds the places of ascending offsets.
type placer struct {
	data        []byte
	line, begin int // of the last place
	at          int
}

func newPlacer(data []byte) *placer { return &placer{data: data, line: 1} }

func (p *placer) place(offset int) place {
	if offset < p.at {
		*p = placer{data: p.data, line: 1}
	}
	offset = min(offset, len(p.data))
	between := p.data[p.at:offset]
	p.line += bytes.Count(between, []byte("\n"))
	if last := bytes.LastIndexByte(between, '\n'); last >= 0 {
		p.begin = p.at + last + 1
	}
	p.at = offset
	return place{uint32(p.line), uint32(offset - p.begin + 1)}
}

// checkText refuses what is not text in UTF-8.
func checkText(data []byte) Faults {
	var faults Faults
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		faults.add(ErrMalformed, place{1, 1}, "is a ZIP archive, as spreadsheets are: export the table as CSV in UTF-8")
	} else if at := bytes.IndexByte(data, 0); at >= 0 {
		hint := "remove it"
		if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) || at == 1 {
			hint = "the file looks like UTF-16; save it as UTF-8"
		}
		faults.add(ErrNUL, newPlacer(data).place(at), "has a NUL byte; %s", hint)
	} else if at := invalid(data); at >= 0 {
		faults.add(ErrMalformed, newPlacer(data).place(at), "is not UTF-8: save the file as UTF-8")
	}
	return faults
}

// invalid returns the offset of the first byte that is not UTF-8, or -1.
func invalid(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

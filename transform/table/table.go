package table

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/maphash"
	"iter"
	"math"
	"strings"

	"mayfly/internal/settings"
	"mayfly/transform/message"
)

// Bounds of a table.
const (
	MaxBytes     = 256 << 20 // of its file
	MaxYAMLBytes = 16 << 20  // of a file in YAML, whose reader takes some fifty times the text
	MaxRows      = 5_000_000
	MaxColumns   = 1_000
	maxKeyBytes  = 1_024
	maxRowBytes  = 64 << 10 // a message has 256 KiB
)

// Format is how the rows are written.
type Format string

// The formats.
const (
	CSV  Format = "csv"  // the first record has the names of the columns
	JSON Format = "json" // a list of objects, or an object of objects by key
	YAML Format = "yaml" // likewise
)

// Table is a table that was read. It is safe for concurrent use.
type Table struct {
	key     string
	columns []string // the key column is one of them
	index   map[string]int
	text    string   // the rows, one after another: see builder.row
	rows    []uint32 // where each begins
	slots   []uint32 // of the hash table: the number of a row from 1, and bits of its hash; 0 is free
	seed    maphash.Seed
}

// Read reads a table. key is the name of the column by which rows are found. The error is [Faults].
func Read(data []byte, format Format, key string) (*Table, error) {
	if len(data) > Limit(format) {
		return nil, Faults{{Kind: ErrTooLarge, Problem: TooLarge(format)}}
	}
	if faults := checkText(data); len(faults) > 0 {
		return nil, faults
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	b := newBuilder(key)
	switch format {
	case CSV:
		b.readCSV(data)
	case JSON:
		b.readJSON(data)
	case YAML:
		b.readYAML(data)
	default:
		b.fault(ErrMalformed, place{}, "the format %s is not known: want csv, json or yaml",
			message.Quote(string(format)))
	}
	return b.table()
}

// Limit returns how many bytes a table may have.
func Limit(format Format) int {
	if format == YAML {
		return MaxYAMLBytes
	}
	return MaxBytes
}

// TooLarge is the problem of a table that has too many bytes.
func TooLarge(format Format) string {
	if format == YAML {
		return "has more than 16 MiB, too much for a table in YAML; CSV and JSON may have 256 MiB"
	}
	return "has more than 256 MiB, too much for a table"
}

// Len returns the number of rows; a nil table has none.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return len(t.rows)
}

// Key returns the name of the key column.
func (t *Table) Key() string { return t.key }

// Columns returns the names of the columns, in the order of the file. They are not to be changed.
func (t *Table) Columns() []string { return t.columns }

// Size returns the memory that the table takes, in bytes.
func (t *Table) Size() int {
	if t == nil {
		return 0
	}
	return len(t.text) + 4*(len(t.rows)+len(t.slots))
}

// Row returns the row of a key: a text, or a number or boolean as it is written.
func (t *Table) Row(key string) (Row, bool) {
	if t.Len() == 0 {
		return Row{}, false
	}
	mask := uint32(len(t.slots) - 1)
	at, tag := t.hash(key)
	for i := at & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if t.slots[i]&^rowMask != tag {
			continue // another row's, and its key need not be fetched from memory
		}
		if row := t.row(t.slots[i]&rowMask - 1); row.key == key {
			return row, true
		}
	}
	return Row{}, false
}

// Find is [Table.Row] for a value of a message; what is not a text, a number or a boolean has no row.
func (t *Table) Find(value any) (Row, bool) {
	key, ok := message.ScalarText(value)
	if !ok {
		return Row{}, false
	}
	return t.Row(key)
}

// rowMask is the part of a slot that is the number of a row: MaxRows is below.
const rowMask = 1<<23 - 1

// hash says where the search for a key begins, and gives the part of its slot that is not the number.
func (t *Table) hash(key string) (at, tag uint32) {
	sum := maphash.String(t.seed, key)
	return uint32(sum & math.MaxUint32), uint32(sum>>32) &^ rowMask
}

// row returns the row of a number.
func (t *Table) row(n uint32) Row {
	end := len(t.text)
	if int(n)+1 < len(t.rows) {
		end = int(t.rows[n+1])
	}
	head, size := uvarint(t.text[t.rows[n]:end])
	cells := t.text[int(t.rows[n])+size : end]
	return Row{table: t, key: cells[:head>>1], number: head&1 != 0, cells: cells[head>>1:]}
}

// Row is a row of a table.
type Row struct {
	table  *Table
	key    string
	number bool   // the key
	cells  string // the others
}

// kind is the type of a cell.
type kind uint8

const (
	isText kind = iota
	isNumber
	isTrue
	isFalse
	isJSON // an array or an object, as it is written
	kindBits
)

const kindShift = 3

// cell is a value of a row.
type cell struct {
	column int
	kind   kind
	text   string
}

// all goes over the cells besides the key.
func (r Row) all() iter.Seq[cell] {
	return func(yield func(cell) bool) {
		for rest := r.cells; rest != ""; {
			column, n := uvarint(rest)
			head, m := uvarint(rest[n:])
			rest = rest[n+m:]
			size := head >> kindShift
			c := cell{int(column), kind(head & (1<<kindShift - 1)), rest[:size]}
			if !yield(c) {
				return
			}
			rest = rest[size:]
		}
	}
}

// Names returns the columns for which the row has a value, besides the key.
func (r Row) Names() []string {
	var names []string
	for c := range r.all() {
		names = append(names, r.table.columns[c.column])
	}
	return names
}

// Value returns the value of a column: a text, a json.Number, a boolean, a list or an object; nil where there is none.
func (r Row) Value(column string) any {
	if r.table == nil {
		return nil // of a key that was not found
	}
	if column == r.table.key {
		return keyValue(r.key, r.number)
	}
	at, ok := r.table.index[column]
	if !ok {
		return nil
	}
	for c := range r.all() {
		if c.column == at {
			return c.value()
		}
	}
	return nil
}

// Object returns the row as an object, with its key.
func (r Row) Object() map[string]any {
	out := map[string]any{r.table.key: keyValue(r.key, r.number)}
	for c := range r.all() {
		out[r.table.columns[c.column]] = c.value()
	}
	return out
}

func keyValue(key string, number bool) any {
	if number {
		return json.Number(key)
	}
	return key
}

func (c cell) value() any {
	switch c.kind {
	case isNumber:
		return json.Number(c.text)
	case isTrue, isFalse:
		return c.kind == isTrue
	case isJSON:
		var value any
		d := json.NewDecoder(strings.NewReader(c.text))
		d.UseNumber()
		_ = d.Decode(&value) // it was read
		return value
	default:
		return c.text
	}
}

// uvarint is [binary.Uvarint] of a text that has one.
func uvarint(text string) (value uint64, size int) {
	for shift := 0; ; shift += 7 {
		b := text[size]
		size++
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value, size
		}
	}
}

// nearest returns a hint to the column that was probably meant.
func nearest(name string, columns []string) string {
	if near := settings.Nearest(name, columns); near != "" {
		return "; did you mean " + message.Quote(near) + "?"
	}
	const maxShown = 10
	if len(columns) == 0 {
		return ""
	}
	quoted := make([]string, min(len(columns), maxShown))
	for i := range quoted {
		quoted[i] = message.Quote(columns[i])
	}
	if len(columns) > maxShown {
		quoted = append(quoted, "...")
	}
	return "; there are " + strings.Join(quoted, ", ")
}

func appendUvarint(b []byte, value int) []byte {
	return binary.AppendUvarint(b, uint64(value))
}

// Rows goes over all rows, in the order of the file.
func (t *Table) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for n := range uint32(t.Len()) {
			if !yield(t.row(n)) {
				return
			}
		}
	}
}

package table

import (
	"hash/maphash"
	"math"
	"slices"

	"mayfly/transform/message"
)

// builder makes a table row by row.
type builder struct {
	Table
	bytes  []byte
	places []place // of the keys, while the table is read
	faults Faults
	full   bool // no further row is wanted
}

func newBuilder(key string) *builder {
	b := &builder{Table: Table{key: key, index: map[string]int{}, seed: maphash.MakeSeed()}}
	return b
}

// fault takes note of what is wrong.
func (b *builder) fault(kind error, at place, format string, args ...any) {
	if !b.faults.add(kind, at, format, args...) {
		b.full = true
	}
}

// column returns the number of a column, a new one where there is none; -1 where there are too many.
func (b *builder) column(name string, at place) int {
	if i, ok := b.index[name]; ok {
		return i
	}
	if len(b.columns) == MaxColumns {
		b.fault(ErrTooLarge, at, "has more than %d columns", MaxColumns)
		b.full = true
		return -1
	}
	b.index[name] = len(b.columns)
	b.columns = append(b.columns, name)
	return b.index[name]
}

// row adds a row: the length of its key with a bit for numbers, the key, and for each cell the number of its column,
// its length with its kind, and its text.
func (b *builder) row(at place, key cell, cells []cell) {
	switch key.kind {
	case isTrue:
		key.text = "true"
	case isFalse:
		key.text = "false"
	default:
	}
	switch {
	case key.kind == isJSON:
		b.fault(ErrMissingKey, at, "the key %s is not a text or a number", message.Quote(b.key))
		return
	case key.text == "":
		b.fault(ErrMissingKey, at, "the row has no %s, by which it is found: fill it in, or remove the row",
			message.Quote(b.key))
		return
	case len(key.text) > maxKeyBytes:
		b.fault(ErrTooLarge, at, "the key has more than %d bytes", maxKeyBytes)
		return
	case rowBytes(cells) > maxRowBytes:
		b.fault(ErrTooLarge, at, "the row has more than %d KiB", maxRowBytes>>10)
		return
	case len(b.rows) == MaxRows || len(b.bytes) > math.MaxUint32-MaxBytes:
		b.fault(ErrTooLarge, at, "has more than %d rows", MaxRows)
		b.full = true
		return
	}
	b.rows = append(b.rows, uint32(len(b.bytes)))
	b.places = append(b.places, at)
	head := len(key.text) << 1
	if key.kind == isNumber {
		head |= 1
	}
	b.bytes = append(appendUvarint(b.bytes, head), key.text...)
	for _, c := range cells {
		b.bytes = appendUvarint(b.bytes, c.column)
		b.bytes = append(appendUvarint(b.bytes, len(c.text)<<kindShift|int(c.kind)), c.text...)
	}
}

func rowBytes(cells []cell) (n int) {
	for _, c := range cells {
		n += len(c.text)
	}
	return n
}

// table finishes the table: it fills the hash table, and finds keys that are there twice.
func (b *builder) table() (*Table, error) {
	t := new(Table) // the builder is not to be kept by it
	if len(b.faults) == 0 && len(b.rows) > 0 && !slices.Contains(b.columns, b.key) {
		b.column(b.key, place{})
	}
	*t = b.Table
	t.text = string(b.bytes)
	t.columns, t.rows = slices.Clip(t.columns), slices.Clone(t.rows)
	size := 1
	for size < len(t.rows)+len(t.rows)/2+1 { // a free slot ends each search
		size <<= 1
	}
	t.slots = make([]uint32, max(size, 1))
	mask := uint32(len(t.slots) - 1)
	for n := range uint32(len(t.rows)) {
		key := t.row(n).key
		at, tag := t.hash(key)
		i := at & mask
		for ; t.slots[i] != 0; i = (i + 1) & mask {
			first := t.slots[i]&rowMask - 1
			if t.slots[i]&^rowMask == tag && t.row(first).key == key && !b.full {
				b.fault(ErrDuplicateKey, b.places[n], "the key %s is there already, in line %d: "+
					"a key must have one row", message.Quote(t.key), b.places[first].line)
			}
		}
		t.slots[i] = (n + 1) | tag
		if b.full {
			break
		}
	}
	if len(b.faults) > 0 {
		return nil, b.faults
	}
	return t, nil
}

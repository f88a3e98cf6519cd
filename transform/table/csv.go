package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"mayfly/transform/media/lines"
	"mayfly/transform/message"
)

// readCSV reads a header and rows. Cells are what they are in a body of CSV: numbers and booleans where they look like
// one, but for the key, which is found as it is written.
func (b *builder) readCSV(data []byte) {
	comma := lines.Delimiter(data)
	reader := csv.NewReader(bytes.NewReader(data))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = comma, -1, true
	reader.TrimLeadingSpace = comma != '\t'
	width, key := 0, -1
	for !b.full {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			at := place{uint32(wrong.Line), uint32(wrong.Column)}
			b.fault(ErrMalformed, at, "%v: a quote in a cell is written twice, in a cell in quotes", wrong.Err)
			return // what follows a quote that is not closed is not a table
		}
		if err != nil {
			b.fault(ErrMalformed, place{}, "%v", err)
			return
		}
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		if key < 0 {
			if width = len(record); !b.header(reader, record) {
				return
			}
			key = b.index[b.key]
			continue
		}
		b.record(reader, record, width, key, comma)
	}
	if key < 0 {
		b.fault(ErrMissingKey, place{1, 1}, "is empty: the first line has the names of the columns, one of them %s",
			message.Quote(b.key))
	}
}

// header takes the names of the columns.
func (b *builder) header(reader *csv.Reader, record []string) bool {
	names := slices.Clone(record)
	for i, name := range names {
		at := placeOf(reader, i)
		switch _, has := b.index[name]; {
		case name == "":
			b.fault(ErrMalformed, at, "column %d has no name", i+1)
		case has:
			b.fault(ErrMalformed, at, "two columns have the name %s", message.Quote(name))
		default:
			b.column(strings.Clone(name), at)
		}
	}
	if _, ok := b.index[b.key]; !ok && len(b.faults) == 0 {
		b.fault(ErrMissingKey, placeOf(reader, 0), "there is no column %s, the key%s", message.Quote(b.key),
			nearest(b.key, b.columns))
	}
	return len(b.faults) == 0
}

// record takes a row.
func (b *builder) record(reader *csv.Reader, record []string, width, key int, comma rune) {
	if len(record) != width {
		b.fault(ErrRagged, placeOf(reader, min(len(record), width)-1), "the row has %d cells, the header %d: "+
			"a comma in a cell needs quotes around the cell", len(record), width)
		return
	}
	cells := make([]cell, 0, 16)
	var found cell
	for i, text := range record {
		if i == key {
			found = cell{i, isText, text}
			continue
		}
		switch value := lines.Cell(text, comma); value {
		case nil:
		case true:
			cells = append(cells, cell{i, isTrue, ""})
		case false:
			cells = append(cells, cell{i, isFalse, ""})
		default:
			c := cell{i, isText, text}
			if number, ok := message.NumberText(value); ok {
				c.kind, c.text = isNumber, number
			}
			cells = append(cells, c)
		}
	}
	b.row(placeOf(reader, key), found, cells)
}

func placeOf(reader *csv.Reader, field int) place {
	line, column := reader.FieldPos(max(field, 0))
	return place{uint32(line), uint32(column)}
}

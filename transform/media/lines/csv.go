package lines

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mayfly/transform/media/nonfinite"
	"mayfly/transform/message"
)

// CSV says what the rows of a source's CSV bodies are.
type CSV struct {
	// Header says whether the first row has the names: yes or no. By default it
	// has where none of its cells is a number and there are more rows.
	Header string `yaml:"header"`
	// Columns are the names where no row has them.
	Columns []string `yaml:"columns"`
	// Delimiter between cells; by default it is found in the first row.
	Delimiter string `yaml:"delimiter"`
}

// cellBytes is what the library takes for a cell of the record that it reads, its text
// apart.
const cellBytes = 40

// Decode reads CSV into a list of rows: objects where the names of the
// columns are known, else lists. Cells that are numbers become numbers, true and
// false booleans; empty cells and NaN are left out, or null in a list. Where the
// delimiter is not a comma, a comma in a number is a decimal one.
func (c CSV) Decode(body []byte, meter *message.Meter, bad *Collector) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, message.Malformedf("the body is empty")
	}
	t := &table{CSV: c, meter: meter, bad: bad, body: body, delimiter: c.comma(body), names: c.Columns, rows: []any{}}
	// The library holds a whole record, which may go over many lines.
	if err := meter.Bytes(cellBytes * bytes.Count(body, []byte(string(t.delimiter)))); err != nil {
		return nil, err
	}
	if err := t.read(); err != nil {
		return nil, err
	}
	if err := bad.Worthless(len(t.rows)); err != nil {
		return nil, err
	}
	if len(t.rows) == 0 {
		return nil, message.Invalidf("the body holds no message")
	}
	return t.rows, nil
}

// table is a CSV body that is being read.
type table struct {
	CSV
	meter     *message.Meter
	bad       *Collector
	body      []byte
	delimiter rune
	names     []string
	rows      []any
}

func (t *table) reader(text []byte) *csv.Reader {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma = t.delimiter
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = t.delimiter != '\t' && t.delimiter != ' '
	reader.ReuseRecord = true
	return reader
}

// read reads the rows. A quote that is never closed takes all that follows with it, so
// after the first row that cannot be read each line stands for itself.
func (t *table) read() error {
	reader := t.reader(t.body)
	for first := true; ; first = false {
		start := reader.InputOffset()
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		line, column := 0, 0
		if err == nil {
			line, column = reader.FieldPos(0)
			err = t.add(record, first, len(bytes.TrimSpace(t.body[reader.InputOffset():])) == 0)
		}
		if err == nil {
			continue
		}
		if isBound(err) {
			return err
		}
		wrong, syntax := errors.AsType[*csv.ParseError](err)
		if syntax {
			line, column, err = wrong.Line, wrong.Column, wrong.Err
			if t.bad.Skips() {
				line = wrong.StartLine
			}
		}
		what := message.Malformedf("line %d, column %d (offset %d): %v%s", line, column, reader.InputOffset(), err,
			t.hint())
		if err := t.bad.Skip(line, len(t.rows), what); err != nil {
			return err
		}
		if syntax {
			return t.lines(int(start), line)
		}
	}
}

// hint says what a body is that cannot be CSV.
func (t *table) hint() string {
	if body := bytes.TrimSpace(t.body); len(body) > 1 && (body[0] == '{' || body[0] == '[') {
		return "; the body looks like JSON, and CSV is wanted"
	}
	return ""
}

// lines reads what follows a bad line, each line for itself. start is an offset before
// the line of that number.
func (t *table) lines(start, number int) error {
	line := bytes.Count(t.body[:start], []byte("\n")) + 1
	for text := range bytes.Lines(t.body[start:]) {
		if line++; line-1 <= number || len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		var err error
		if !utf8.Valid(text) {
			err = errors.New("not UTF-8")
		} else if record, wrong := t.reader(text).Read(); wrong != nil {
			err = wrong
		} else {
			err = t.add(record, false, false)
		}
		if err == nil {
			continue
		}
		if isBound(err) {
			return err
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			err = wrong.Err
		}
		if err := t.bad.Skip(line-1, len(t.rows), message.Malformedf("line %d: %v", line-1, err)); err != nil {
			return err
		}
		if err := t.meter.Messages(len(t.rows) + t.bad.Count()); err != nil {
			return err
		}
	}
	return nil
}

// add takes a record: as the names of the columns, or as a row.
func (t *table) add(record []string, first, last bool) error {
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
	}
	if slices.ContainsFunc(record, func(cell string) bool { return !utf8.ValidString(cell) }) {
		return errors.New("not UTF-8")
	}
	if first && t.named(record, t.delimiter, last) {
		if len(t.names) == 0 {
			t.names = append([]string(nil), record...)
		}
		return nil
	}
	row, err := t.row(record)
	if err != nil {
		return err
	}
	t.rows = append(t.rows, row)
	return t.meter.Messages(len(t.rows) + t.bad.Count())
}

// Delimiter finds the delimiter of a CSV text in its first line.
func Delimiter(text []byte) rune { return CSV{}.comma(text) }

// comma gives the delimiter: ; or a tab where the first line has one outside of
// quotes, else a comma.
func (c CSV) comma(body []byte) rune {
	switch c.Delimiter {
	case "tab", `\t`:
		return '\t'
	case ",", ";", "\t", "|", " ":
		return rune(c.Delimiter[0])
	}
	line, _, _ := bytes.Cut(body, []byte("\n"))
	found, quoted := ',', false
	for _, b := range line {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == ';':
			return ';'
		case b == '\t':
			found = '\t'
		}
	}
	return found
}

// named tells whether the first record has the names of the columns. last says that no
// other record follows.
func (c CSV) named(record []string, comma rune, last bool) bool {
	switch c.Header {
	case "yes":
		return true
	case "no":
		return false
	}
	if len(c.Columns) > 0 || last {
		return false
	}
	seen := make(map[string]bool, len(record))
	for _, cell := range record {
		value := Cell(cell, comma)
		if text, ok := value.(string); !ok || text == "" || seen[text] {
			return false
		}
		seen[cell] = true
	}
	return true
}

// row makes an object of a record, or a list where the columns have no names.
func (t *table) row(record []string) (any, error) {
	if err := t.count(record); err != nil {
		return nil, err
	}
	if len(t.names) > 0 && len(record) > len(t.names) {
		return nil, errors.New("the row has more cells than there are columns")
	}
	row, list := map[string]any{}, []any{}
	for i, cell := range record {
		value := Cell(cell, t.delimiter)
		if nonfinite.IsNonFinite(cell) {
			value = nil
			t.bad.note(cellName(t.names, i) + " is " + cell + " and was left out")
		}
		if len(t.names) == 0 {
			list = append(list, value)
		} else if value != nil && t.names[i] != "" {
			row[t.names[i]] = value
		}
	}
	if len(t.names) == 0 {
		return list, nil
	}
	return row, nil
}

// count counts what a record becomes.
func (t *table) count(record []string) error {
	container, places := t.meter.Array, t.meter.Elements
	if len(t.names) > 0 {
		container, places = t.meter.Object, t.meter.Members
	}
	bytes := 0
	for _, cell := range record {
		bytes += len(cell)
	}
	return cmp.Or(container(), places(len(record)), t.meter.Values(len(record)), t.meter.Bytes(bytes))
}

func cellName(names []string, i int) string {
	if i < len(names) {
		return message.Shorten(names[i])
	}
	return "cell " + strconv.Itoa(i+1)
}

// Cell gives the value of a cell: nil, a boolean, a json.Number or a text.
func Cell(cell string, comma rune) any {
	switch cell {
	case "":
		return nil
	case "true", "TRUE", "True":
		return true
	case "false", "FALSE", "False":
		return false
	}
	if n, ok := message.ParseNumber(cell); ok {
		return n
	}
	if comma != ',' && strings.Count(cell, ",") == 1 && !strings.Contains(cell, ".") {
		if n, ok := message.ParseNumber(strings.Replace(cell, ",", ".", 1)); ok {
			return n
		}
	}
	return cell
}

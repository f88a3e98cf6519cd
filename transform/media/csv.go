package media

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

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

// asked adds what the request says: ?header=no, ?columns=a,b and ?delimiter=; in
// the query, and the parameter header of text/csv (RFC 4180).
func (c CSV) asked(m mediaType, r *message.Request) CSV {
	switch cmp.Or(r.QueryValue("header"), m.params["header"]) {
	case "absent", "no", "false", "0":
		c.Header = "no"
	case "present", "yes", "true", "1":
		c.Header = "yes"
	}
	if columns := r.QueryValue("columns"); columns != "" {
		c.Columns = strings.Split(columns, ",")
	}
	c.Delimiter = cmp.Or(r.QueryValue("delimiter"), c.Delimiter)
	if m.name == "text/tab-separated-values" {
		c.Delimiter = "\t"
	}
	return c
}

// cellBytes is what the library takes for a cell of the record that it reads, its text
// apart.
const cellBytes = 40

// decodeCSV reads CSV into a list of rows: objects where the names of the
// columns are known, else lists. Cells that are numbers become numbers, true and
// false booleans; empty cells and NaN are left out, or null in a list. Where the
// delimiter is not a comma, a comma in a number is a decimal one.
func decodeCSV(body []byte, c CSV, spent budget) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, message.Malformedf("the body is empty")
	}
	reader := csv.NewReader(bytes.NewReader(body))
	reader.Comma = c.comma(body)
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = reader.Comma != '\t' && reader.Comma != ' '
	reader.ReuseRecord = true
	names, rows := c.Columns, []any{}
	// The library holds a whole record, which may go over many lines.
	if err := spent.of().Bytes(cellBytes * bytes.Count(body, []byte(string(reader.Comma)))); err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, message.Malformedf("line %d, column %d (offset %d): %v",
				wrong.Line, wrong.Column, reader.InputOffset(), wrong.Err)
		} else if err != nil {
			return nil, message.Malformedf("offset %d: %v", reader.InputOffset(), err)
		}
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		if first && c.named(record, reader, body) {
			if len(names) == 0 {
				names = append([]string(nil), record...)
			}
			continue
		}
		row, err := csvRow(record, names, reader.Comma, &spent)
		if err != nil {
			line, column := reader.FieldPos(0)
			if _, ours := errors.AsType[*message.Error](err); ours {
				return nil, err
			}
			return nil, message.Malformedf("line %d, column %d (offset %d): %v", line, column, reader.InputOffset(), err)
		}
		rows = append(rows, row)
		if err := spent.of().Messages(len(rows)); err != nil {
			return nil, err
		}
	}
	if err := checkCount(len(rows)); err != nil {
		return nil, err
	}
	return rows, nil
}

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

// named tells whether the first record has the names of the columns.
func (c CSV) named(record []string, reader *csv.Reader, body []byte) bool {
	switch c.Header {
	case "yes":
		return true
	case "no":
		return false
	}
	if len(c.Columns) > 0 || len(bytes.TrimSpace(body[reader.InputOffset():])) == 0 {
		return false
	}
	seen := make(map[string]bool, len(record))
	for _, cell := range record {
		value := csvCell(cell, reader.Comma)
		if text, ok := value.(string); !ok || text == "" || seen[text] {
			return false
		}
		seen[cell] = true
	}
	return true
}

func csvRow(record, names []string, comma rune, spent *budget) (any, error) {
	var err error
	if len(names) > 0 {
		err = spent.object(len(record))
	} else {
		err = spent.array(len(record))
	}
	if err != nil {
		return nil, err
	}
	if len(names) > 0 && len(record) > len(names) {
		return nil, errors.New("the row has more cells than there are columns")
	}
	row, list := map[string]any{}, []any{}
	for i, cell := range record {
		if err := spent.value(len(cell)); err != nil {
			return nil, err
		}
		value := csvCell(cell, comma)
		if nonfinite.IsNonFinite(cell) {
			value = nil
			spent.notes.add(cellName(names, i) + " is " + cell + " and was left out")
		}
		if len(names) == 0 {
			list = append(list, value)
		} else if value != nil && names[i] != "" {
			row[names[i]] = value
		}
	}
	if len(names) == 0 {
		return list, nil
	}
	return row, nil
}

func cellName(names []string, i int) string {
	if i < len(names) {
		return message.Shorten(names[i])
	}
	return "cell " + strconv.Itoa(i+1)
}

func csvCell(cell string, comma rune) any {
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

package hidden

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"mayfly/transform/credential"
)

// How texts that are not JSON write a name and its value: the first group is the name, one of the others the value.
var (
	// JSON that is broken, or cut off.
	member = regexp.MustCompile(`["']([^"'\\\n]{1,64})["']\s*:\s*(?:"((?:[^"\\]|\\.)*)|'((?:[^'\\]|\\.)*))`)
	// XML.
	element = regexp.MustCompile(`<([A-Za-z_][\w:.-]{0,63})(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[([^\]]*)|([^<>\s][^<]*))`)
	// fields of multipart/form-data.
	field = regexp.MustCompile(`(?is)\bname="([^"\r\n]{1,64})"[^\r\n]*(?:\r?\n[^\r\n]+)*?\r?\n\r?\n(.*?)(?:\r?\n--|$)`)
	// attributes, pairs of a form, tags of InfluxDB lines.
	pair = regexp.MustCompile(`([A-Za-z_][\w.:-]{0,63})\s?=\s?(?:"([^"]*)|'([^']*)|([^&\s,;"'<>]+))`)
	// lines like those of a header.
	line = regexp.MustCompile(`(?m)^[ \t]*([A-Za-z_][\w.-]{0,63})[ \t]*:[ \t]*([^\s"'].*?)[ \t\r]*$`)
)

// text hides credentials in a text that is not JSON, by the names that stand before them. Those of more are credentials
// too.
func (s *Secrets) text(text []byte, more []string) []byte {
	isSecret := func(name []byte) bool {
		plain := strings.Trim(string(name), " \t\r\"'")
		return credential.Known(plain) || slices.Contains(more, plain)
	}
	text = s.table(text, isSecret)
	for _, form := range []*regexp.Regexp{member, element, field, pair, line} {
		text = s.named(text, form, isSecret)
	}
	return text
}

// named hides the values of a form whose names are those of credentials.
func (s *Secrets) named(text []byte, form *regexp.Regexp, isSecret func([]byte) bool) []byte {
	var out []byte
	from := 0
	for _, at := range form.FindAllSubmatchIndex(text, -1) {
		if !isSecret(text[at[2]:at[3]]) {
			continue
		}
		for i := 4; i < len(at); i += 2 {
			if at[i] >= 0 {
				out = append(append(out, text[from:at[i]]...), s.once(text[at[i]:at[i+1]])...)
				from = at[i+1]
			}
		}
	}
	if out == nil {
		return text
	}
	return append(out, text[from:]...)
}

// once hides a value that is not hidden yet.
func (s *Secrets) once(value []byte) []byte {
	if plain := string(value); !In(plain) {
		return []byte(s.hide(plain))
	}
	return value
}

// table hides the columns of a CSV body whose names in its first row are those of credentials.
func (s *Secrets) table(text []byte, isSecret func([]byte) bool) []byte {
	head, rows, found := bytes.Cut(text, []byte("\n"))
	if !found {
		return text
	}
	for _, delimiter := range []byte(",;\t|") {
		names := cells(head, delimiter)
		if len(names) < 2 || !slices.ContainsFunc(names, isSecret) {
			continue
		}
		out := slices.Concat(head, []byte("\n"))
		for row := range bytes.Lines(rows) {
			list := cells(bytes.TrimRight(row, "\r\n"), delimiter)
			end := row[len(bytes.TrimRight(row, "\r\n")):]
			for i := range list {
				if i < len(names) && isSecret(names[i]) {
					list[i] = s.cell(list[i])
				}
			}
			out = append(append(out, bytes.Join(list, []byte{delimiter})...), end...)
		}
		return out
	}
	return text
}

// cell hides a cell; quotes around it stay.
func (s *Secrets) cell(cell []byte) []byte {
	if inner, ok := bytes.CutPrefix(cell, []byte(`"`)); ok {
		if inner, ok = bytes.CutSuffix(inner, []byte(`"`)); ok {
			return slices.Concat([]byte(`"`), s.once(inner), []byte(`"`))
		}
	}
	return s.once(cell)
}

// cells splits a row at its delimiters, but not at those within quotes.
func cells(row []byte, delimiter byte) (out [][]byte) {
	from, quoted := 0, false
	for i, c := range row {
		switch {
		case c == '"':
			quoted = !quoted
		case c == delimiter && !quoted:
			out = append(out, row[from:i])
			from = i + 1
		}
	}
	return append(out, row[from:])
}

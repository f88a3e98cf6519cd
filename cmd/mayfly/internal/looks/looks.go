package looks

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Body is a body, and how it is probably written.
type Body struct {
	Bytes     []byte // without the notation of a terminal, such as hex
	MediaType string // empty where the body has to speak for itself
	Name      string // for people
}

// Guess tells how a body is probably written.
func Guess(body []byte) Body {
	text := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	switch {
	case len(text) == 0:
		return Body{Bytes: body}
	case !utf8.Valid(body):
		return Body{body, "application/octet-stream", "bytes"}
	case json.Valid(text):
		return Body{body, "application/json", "JSON"}
	case text[0] == '{' && isNDJSON(lines):
		return Body{body, "application/x-ndjson", "NDJSON"}
	case text[0] == '{' || text[0] == '[':
		return Body{body, "application/json", "JSON"} // that is not right: the reader says where
	case text[0] == '<':
		return Body{body, "application/xml", "XML"}
	}
	if raw, ok := fromHex(string(text)); ok {
		return Body{raw, "application/octet-stream", "the hex digits of bytes"}
	}
	switch {
	case allMatch(lines, influxLine):
		return Body{body, "text/plain", "InfluxDB lines"}
	case len(lines) == 1 && form.MatchString(lines[0]):
		return Body{body, "application/x-www-form-urlencoded", "a form"}
	case isCSV(lines):
		return Body{body, "text/csv", "CSV"}
	}
	return Body{body, "text/plain", "text"}
}

// isNDJSON tells whether every line is a JSON value, and there are several.
func isNDJSON(lines []string) bool {
	values := 0
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if !json.Valid([]byte(line)) {
			return false
		}
		values++
	}
	return values > 1
}

// fromHex reads hex digits as people paste them. Fewer than two bytes are a word.
func fromHex(text string) ([]byte, bool) {
	if !hexPairs.MatchString(text) {
		return nil, false
	}
	text = text[len(hexPrefix.FindString(text)):]
	plain := strings.NewReplacer(" ", "", "\n", "", "\r", "", ":", "", "-", "").Replace(text)
	raw, err := hex.DecodeString(plain)
	return raw, err == nil
}

var (
	hexPrefix = regexp.MustCompile(`^0[xX]`)
	hexPairs  = regexp.MustCompile(`^(?:0[xX])?[0-9A-Fa-f]{2}(?:(?:[ :-]|\r?\n)?[0-9A-Fa-f]{2})+$`)
	// influxLine is measurement[,tag=value...] field=value[,...] [time].
	influxLine = regexp.MustCompile(
		`^(?:[^\s,=#]|\\.)+(?:,(?:[^\s,=]|\\.)+=(?:[^\s,=]|\\.)+)* (?:[^\s,=]|\\.)+=("(?:[^"\\]|\\.)*"|[^\s,]+)` +
			`(?:,(?:[^\s,=]|\\.)+=("(?:[^"\\]|\\.)*"|[^\s,]+))*(?: -?\d+)?$`)
	form = regexp.MustCompile(`^[\w.%+\[\]-]+=[^&\s]*(?:&[\w.%+\[\]-]+=[^&]*)*$`)
)

// allMatch tells whether every line that is not empty or a comment has a form.
func allMatch(lines []string, form *regexp.Regexp) bool {
	n := 0
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !form.MatchString(line) {
			return false
		}
		n++
	}
	return n > 0
}

// isCSV tells whether all lines have as many cells as the first, and more than one.
func isCSV(lines []string) bool {
	for _, delimiter := range []byte{';', '\t', ',', '|'} {
		cells := cellsOf(lines[0], delimiter)
		if cells < 2 {
			continue
		}
		same := true
		for _, line := range lines[1:] {
			same = same && (strings.TrimSpace(line) == "" || cellsOf(line, delimiter) == cells)
		}
		if same {
			return true
		}
	}
	return false
}

// cellsOf counts the cells of a line; a delimiter in quotes is none.
func cellsOf(line string, delimiter byte) int {
	cells, quoted := 1, false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == delimiter && !quoted:
			cells++
		}
	}
	return cells
}

package nonfinite

import (
	"bytes"

	"mayfly/transform/message"
)

// BlankLines does for InfluxDB's line protocol, which has no NaN either, what [Blank] does for
// JSON: it takes such fields out of their lines, and makes a comment of a line that has no
// others. Lines keep their places.
func BlankLines(text []byte) (clean []byte, left []string, n int) {
	if !suspicious(text) {
		return text, nil, 0
	}
	l := lineBlanker{text: text}
	for l.at < len(text) {
		l.line()
	}
	if l.n == 0 {
		return text, nil, 0
	}
	return l.out, l.left, l.n
}

// suspicious tells whether a value may be one that is not finite, at a glance: a name of a
// tag's value may begin so, too.
func suspicious(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '=')
		if at < 0 {
			return false
		}
		text = text[at+1:]
		value := text
		if len(value) > 0 && (value[0] == '-' || value[0] == '+') {
			value = value[1:]
		}
		if len(value) > 0 && bytes.IndexByte([]byte("nNiIoO"), value[0]) >= 0 || bytes.HasPrefix(value, []byte("1.#")) {
			return true
		}
	}
}

// lineBlanker walks over lines, and from the first one that loses a field writes them anew.
type lineBlanker struct {
	text, out []byte
	at        int
	kept      [][]byte // fields of a line
	left      []string
	n         int
}

// line copies a line, without the fields that are not finite.
func (l *lineBlanker) line() {
	start := l.at
	if l.text[start] == '#' || l.text[start] == '\n' {
		l.until("\n")
		l.skip('\n')
		l.copy(start)
		return
	}
	name := l.until(" \n") // the measurement and its tags
	before := l.n
	l.kept = l.kept[:0]
	for more := l.skip(' '); more; more = l.skip(',') {
		field := l.until(", \n")
		if key, value := lastCut(field); IsNonFinite(value) {
			l.note(key, value)
		} else {
			l.kept = append(l.kept, field)
		}
	}
	rest := l.until("\n") // the time
	l.skip('\n')
	if l.n == before {
		l.copy(start)
		return
	}
	if before == 0 {
		l.out = append(make([]byte, 0, len(l.text)+1), l.text[:start]...)
	}
	if len(l.kept) == 0 {
		l.out = append(l.out, "#\n"...)
		return
	}
	l.out = append(append(l.out, name...), ' ')
	l.out = append(append(l.out, bytes.Join(l.kept, []byte(","))...), rest...)
	l.out = append(l.out, '\n')
}

// copy writes a line as it is.
func (l *lineBlanker) copy(start int) {
	if l.n > 0 {
		l.out = append(l.out, l.text[start:l.at]...)
	}
}

// lastCut cuts a field into its key and its value, which has no equals sign if it is a number.
func lastCut(field []byte) (key, value string) {
	at := bytes.LastIndexByte(field, '=')
	return string(field[:max(at, 0)]), string(bytes.TrimRight(field[at+1:], "\r"))
}

func (l *lineBlanker) note(key, value string) {
	if l.n++; l.n <= maxLeft {
		l.left = append(l.left, message.Shorten(key)+" is "+value+" and was left out")
	}
}

// until passes over everything before one of some signs that is neither escaped nor in
// quotes, which begin behind an equals sign.
func (l *lineBlanker) until(signs string) []byte {
	start := l.at
	for l.at < len(l.text) && bytes.IndexByte([]byte(signs), l.text[l.at]) < 0 {
		switch l.text[l.at] {
		case '\\':
			l.at++
		case '"':
			if l.at > start && l.text[l.at-1] == '=' {
				l.quoted()
			}
		}
		l.at++
	}
	l.at = min(l.at, len(l.text))
	return l.text[start:l.at]
}

// quoted passes over a text in quotes, up to its last quote.
func (l *lineBlanker) quoted() {
	for l.at++; l.at < len(l.text) && l.text[l.at] != '"'; l.at++ {
		if l.text[l.at] == '\\' {
			l.at++
		}
	}
}

func (l *lineBlanker) skip(sign byte) bool {
	if l.at < len(l.text) && l.text[l.at] == sign {
		l.at++
		return true
	}
	return false
}

package jsonscan

import (
	"bytes"
	"encoding/json"
)

// MaxDepth bounds nesting.
const MaxDepth = 256

// Valid reports whether text is one JSON value, with nothing but white space
// around it.
func Valid(text []byte) bool {
	i := space(text, 0)
	end := value(text, i, 0)
	return end >= 0 && space(text, end) == len(text)
}

// Trim cuts white space off both ends.
func Trim(text []byte) []byte {
	i, j := space(text, 0), len(text)
	for j > i && isSpace(text[j-1]) {
		j--
	}
	return text[i:j]
}

// Iterator walks over the members of an object or the elements of an array.
// After the last Next, Failed reports whether the text was what it had to be.
type Iterator struct {
	text   []byte
	at     int
	end    byte
	begun  bool
	failed bool

	Name    []byte // of a member, as it is written between the quotes
	Escaped bool   // the name has escapes in it: see [Text]
	Value   []byte
	Start   int // offset of the value in the text
}

// Members begins to walk over an object.
func Members(object []byte) Iterator { return begin(object, '{', '}') }

// Elements begins to walk over an array.
func Elements(array []byte) Iterator { return begin(array, '[', ']') }

func begin(text []byte, open, end byte) Iterator {
	i := space(text, 0)
	if i >= len(text) || text[i] != open {
		return Iterator{failed: true}
	}
	return Iterator{text: text, at: i + 1, end: end}
}

// Failed reports whether the walk ended before the end of a valid object or array.
func (it *Iterator) Failed() bool { return it.failed }

// Next goes to the next member or element; it returns false after the last one.
func (it *Iterator) Next() bool {
	if it.failed || it.end == 0 {
		return false
	}
	it.at = space(it.text, it.at)
	if it.at >= len(it.text) {
		return it.fail()
	}
	switch c := it.text[it.at]; {
	case c == it.end:
		it.end = 0
		it.failed = space(it.text, it.at+1) != len(it.text)
		return false
	case it.begun:
		if c != ',' {
			return it.fail()
		}
		it.at = space(it.text, it.at+1)
	}
	it.begun = true
	if it.end == '}' && !it.name() {
		return it.fail()
	}
	end := value(it.text, it.at, 1)
	if end < 0 {
		return it.fail()
	}
	it.Value, it.Start, it.at = it.text[it.at:end:end], it.at, end
	return true
}

func (it *Iterator) fail() bool {
	it.failed = true
	return false
}

// name passes the name of a member and the colon behind it.
func (it *Iterator) name() bool {
	end := str(it.text, it.at)
	if end < 0 {
		return false
	}
	it.Name = it.text[it.at+1 : end-1]
	it.Escaped = bytes.IndexByte(it.Name, '\\') >= 0
	it.at = space(it.text, end)
	if it.at >= len(it.text) || it.text[it.at] != ':' {
		return false
	}
	it.at = space(it.text, it.at+1)
	return true
}

// Text returns what a JSON string, with its quotes, stands for.
func Text(quoted []byte) (string, bool) {
	if len(quoted) < 2 || quoted[0] != '"' {
		return "", false
	}
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	var text string
	err := json.Unmarshal(quoted, &text)
	return text, err == nil
}

// NameText returns what the name of the member stands for.
func (it *Iterator) NameText() string {
	if !it.Escaped {
		return string(it.Name)
	}
	text, _ := Text([]byte(`"` + string(it.Name) + `"`))
	return text
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func space(text []byte, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

// value returns the end of the value that begins at i, or -1.
func value(text []byte, i, depth int) int {
	if i >= len(text) {
		return -1
	}
	switch c := text[i]; c {
	case '{', '[':
		if depth >= MaxDepth {
			return -1
		}
		return nested(text, i, depth+1)
	case '"':
		return str(text, i)
	case 't':
		return word(text, i, "true")
	case 'f':
		return word(text, i, "false")
	case 'n':
		return word(text, i, "null")
	default:
		return number(text, i)
	}
}

func nested(text []byte, i, depth int) int {
	object := text[i] == '{'
	end := text[i] + 2 // ']' and '}' are two behind their partners
	i = space(text, i+1)
	if i < len(text) && text[i] == end {
		return i + 1
	}
	for {
		if object {
			if i = str(text, i); i < 0 {
				return -1
			}
			if i = space(text, i); i >= len(text) || text[i] != ':' {
				return -1
			}
			i = space(text, i+1)
		}
		if i = value(text, i, depth); i < 0 {
			return -1
		}
		i = space(text, i)
		switch {
		case i < len(text) && text[i] == ',':
			i = space(text, i+1)
		case i < len(text) && text[i] == end:
			return i + 1
		default:
			return -1
		}
	}
}

func word(text []byte, i int, word string) int {
	if !bytes.HasPrefix(text[i:], []byte(word)) {
		return -1
	}
	return i + len(word)
}

func str(text []byte, i int) int {
	if i >= len(text) || text[i] != '"' {
		return -1
	}
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			if i++; i >= len(text) {
				return -1
			}
			switch text[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if i++; i >= len(text) || !isHex(text[i]) {
						return -1
					}
				}
			default:
				return -1
			}
		}
	}
	return -1
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func number(text []byte, i int) int {
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if i = digits(text, i); i < 0 {
		return -1
	}
	if i < len(text) && text[i] == '.' {
		if i = digits(text, i+1); i < 0 {
			return -1
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		return digits(text, i)
	}
	return i
}

// digits passes at least one digit.
func digits(text []byte, i int) int {
	start := i
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

package media

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"mayfly/transform/message"
)

// scanner reads JSON, as strict as encoding/json, one value after another. With
// build it makes values of what it reads, as the expressions see them: numbers
// with every digit. Without, it only finds where values end.
//
// It exists because encoding/json reads a body three times to decode it into any,
// counts nothing and does not tell where a value stands. A method that gives
// false leaves at behind what it could read.
type scanner struct {
	text  []byte // UTF-8
	at    int
	build bool

	spent budget
	limit error // of a bound that was exceeded
}

// newScanner begins to read a text, which may have a byte order mark. What it builds
// counts as spent.
func newScanner(text []byte, build bool, spent budget) (*scanner, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return nil, notUTF8(text)
	}
	s := &scanner{text: text, build: build, spent: spent}
	s.space()
	return s, nil
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// peek gives the next byte; 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) done() bool { return s.at == len(s.text) }

func (s *scanner) value(depth int) (any, bool) {
	switch s.peek() {
	case '{':
		return s.object(depth + 1)
	case '[':
		return s.array(depth + 1)
	}
	start := s.at
	value, ok := s.scalar()
	return value, ok && s.counted(s.spent.value(s.at-start))
}

// counted keeps the error of a bound.
func (s *scanner) counted(err error) bool {
	if err != nil {
		s.limit = err
	}
	return err == nil
}

func (s *scanner) scalar() (any, bool) {
	switch s.peek() {
	case '"':
		return s.string()
	case 't':
		return true, s.word("true")
	case 'f':
		return false, s.word("false")
	case 'n':
		return nil, s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) object(depth int) (any, bool) {
	if !s.counted(s.spent.object(0)) {
		return nil, false
	}
	var object map[string]any
	if s.build {
		object = make(map[string]any, 8)
	}
	ok := s.elements('}', depth, func() bool {
		if s.peek() != '"' {
			return false
		}
		start := s.at
		name, ok := s.string()
		if !s.counted(s.spent.name(s.at - start)) {
			return false
		}
		s.space()
		if !ok || s.peek() != ':' {
			return false
		}
		s.at++
		s.space()
		value, ok := s.value(depth)
		if ok && s.build {
			object[name] = value
		}
		return ok
	})
	return object, ok
}

func (s *scanner) array(depth int) (any, bool) {
	if !s.counted(s.spent.array(0)) {
		return nil, false
	}
	list := []any{}
	ok := s.elements(']', depth, func() bool {
		if !s.counted(s.spent.of().Elements(1)) {
			return false
		}
		value, ok := s.value(depth)
		if ok && s.build {
			list = append(list, value)
		}
		if depth == 1 && !s.spent.records {
			ok = ok && s.counted(s.spent.of().Messages(len(list)))
		}
		return ok
	})
	return list, ok
}

// elements reads an object or an array; element is called where each of its
// elements begins, and has to read it.
func (s *scanner) elements(end byte, depth int, element func() bool) bool {
	if depth > message.MaxDepth {
		return s.counted(message.Malformedf("%s: nested deeper than %d", message.Position(s.text, int64(s.at)), message.MaxDepth))
	}
	s.at++
	s.space()
	if s.peek() == end {
		s.at++
		return true
	}
	for {
		s.space()
		if !element() {
			return false
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
		case end:
			s.at++
			return true
		default:
			return false
		}
	}
}

func (s *scanner) word(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

// string reads a text. Those with escapes are left to encoding/json.
func (s *scanner) string() (string, bool) {
	start, escaped := s.at, false
	for i := start + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			switch {
			case escaped && s.build:
				var text string
				err := json.Unmarshal(s.text[start:s.at], &text)
				return text, err == nil
			case escaped:
				return "", json.Valid(s.text[start:s.at])
			case s.build:
				return string(s.text[start+1 : i]), true
			}
			return "", true
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func (s *scanner) number() (any, bool) {
	start := s.at
	if s.peek() == '-' {
		s.at++
	}
	switch {
	case s.peek() == '0':
		s.at++
	case !s.digits():
		return nil, false
	}
	if s.peek() == '.' {
		s.at++
		if !s.digits() {
			return nil, false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c = s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if !s.digits() {
			return nil, false
		}
	}
	if !s.build {
		return nil, true
	}
	return json.Number(s.text[start:s.at]), true
}

func (s *scanner) digits() bool {
	start := s.at
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > start
}

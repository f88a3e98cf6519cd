package transform

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// mostDepth bounds how deep a body may be nested. Device models allow 5 (DTDL
// v3, "Schemas"); webhooks add some.
const mostDepth = 100

// checkText refuses what no JSON text may be: bytes that are not UTF-8, and
// nesting that only serves to exhaust a parser. It gives the body without a
// byte order mark.
func checkText(body []byte) ([]byte, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) {
		return nil, malformed("%s: not UTF-8", position(body, invalidUTF8(body)))
	}
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		c := body[i]
		if quoted {
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			continue
		}
		switch c {
		case '"':
			quoted = true
		case '{', '[':
			if depth++; depth > mostDepth {
				return nil, malformed("%s: nested deeper than %d", position(body, int64(i)), mostDepth)
			}
		case '}', ']':
			depth--
		}
	}
	return body, nil
}

func invalidUTF8(body []byte) int64 {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size <= 1 {
			return int64(i)
		}
		i += size
	}
	return int64(len(body))
}

// values cuts a body into the JSON values that it holds: the elements of an
// array, or one value after another (NDJSON). A lone value is one.
func values(body []byte) ([]json.RawMessage, error) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 {
		return nil, malformed("the body is empty")
	}
	if json.Valid(body) {
		if body[0] == '[' {
			return elements(body), nil
		}
		return []json.RawMessage{bytes.TrimRight(body, " \t\r\n")}, nil
	}
	var list []json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(body))
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, syntaxError(body, 0, err)
		}
		if body[0] == '[' {
			// Valid elements, and then something else.
			return nil, syntaxError(body, 0, json.Unmarshal(body, new(any)))
		}
		list = append(list, value)
	}
}

// elements cuts an array that is known to be valid.
func elements(array []byte) []json.RawMessage {
	list := []json.RawMessage{}
	depth, quoted, start := 0, false, 0
	add := func(end int) {
		if element := bytes.TrimSpace(array[start:end]); len(element) > 0 {
			list = append(list, element)
		}
	}
	for i := 0; i < len(array); i++ {
		c := array[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[', c == '{':
			if depth++; depth == 1 {
				start = i + 1
			}
		case c == ']', c == '}':
			if depth--; depth == 0 {
				add(i)
			}
		case c == ',' && depth == 1:
			add(i)
			start = i + 1
		}
	}
	return list
}

// isObject tells whether a JSON value is an object.
func isObject(value []byte) bool {
	value = bytes.TrimLeft(value, " \t\r\n")
	return len(value) > 0 && value[0] == '{'
}

// kindOf names the type of a JSON value for an error.
func kindOf(value []byte) string {
	value = bytes.TrimLeft(value, " \t\r\n")
	if len(value) == 0 {
		return "nothing"
	}
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

package message

import (
	"bytes"
	"unicode/utf8"
)

// IsBinary tells whether a body is not text at all. What begins as JSON is text with
// something wrong in it.
func IsBinary(body []byte) bool {
	if start := bytes.TrimSpace(body); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		return false
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }
	return !utf8.Valid(body) || bytes.ContainsFunc(body, control)
}

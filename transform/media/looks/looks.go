package looks

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"mayfly/transform/message"
)

// Binary tells whether a body is no text.
func Binary(body []byte) bool { return !utf8.Valid(body) || bytes.ContainsFunc(body, isControl) }

// isControl tells control characters that no text has.
func isControl(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' || r == 0x7f
}

// JSON tells whether a text looks like a JSON object or array.
func JSON(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

// XML tells whether a text looks like XML.
func XML(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(body) > 1 && body[0] == '<' && (body[1] == '?' || body[1] == '!' || message.IsAlphanumeric(body[1]))
}

// Form tells whether a text is name=value pairs. A single one has no
// space in it; of several, some stations do not escape those that they write.
func Form(body []byte) bool {
	name, _, ok := bytes.Cut(body, []byte("="))
	if !ok || len(name) == 0 || len(name) > 200 {
		return false
	}
	for _, c := range name {
		if !message.IsAlphanumeric(c) && strings.IndexByte("-._%+[]", c) < 0 {
			return false
		}
	}
	if bytes.IndexByte(body, '&') < 0 && bytes.IndexByte(body, ' ') >= 0 {
		return false
	}
	return !bytes.ContainsAny(bytes.TrimRight(body, "\r\n"), "\t\r\n\"<>{}")
}

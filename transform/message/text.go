package message

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"github.com/itchyny/gojq"
)

// Quote shows foreign text in an error, shortened.
func Quote(s string) string {
	const limit = 80
	if len(s) > limit {
		s = s[:limit] + "..."
	}
	text, _ := json.Marshal(strings.Map(func(r rune) rune {
		if r > 0x7f && !unicode.IsPrint(r) { // such as what turns the direction of a text around
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
	return string(text)
}

// Shorten bounds foreign text that is shown to an operator.
func Shorten(text string) string {
	const limit = 500
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return text
}

// TypeName names the type of a value for an error.
func TypeName(value any) string { return "a value of type " + gojq.TypeOf(value) }

// Marshal writes a value as JSON: members sorted, numbers with all their digits.
func Marshal(value any) ([]byte, error) {
	text, err := gojq.Marshal(value)
	if err != nil {
		return nil, Invalidf("the measurements cannot be written as JSON: %v", err)
	}
	return text, nil
}

// NumberText writes a number with all its digits; false for other values.
func NumberText(in any) (string, bool) {
	switch in := in.(type) {
	case json.Number:
		return in.String(), true
	case int:
		return strconv.Itoa(in), true
	case float64:
		return strconv.FormatFloat(in, 'f', -1, 64), true
	case *big.Int:
		return in.String(), true
	}
	return "", false
}

// ScalarText writes a text, a boolean or a number; false for other values.
func ScalarText(in any) (string, bool) {
	switch in := in.(type) {
	case string:
		return in, true
	case bool:
		return strconv.FormatBool(in), true
	}
	return NumberText(in)
}

// ParseNumber gives the number that a text is, with the same digits as JSON
// writes it. A text that begins with a needless zero is an identifier.
func ParseNumber(text string) (json.Number, bool) {
	if text == "" || len(text) > 100 || strings.Trim(text, "0123456789+-.eE") != "" {
		return "", false
	}
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	if fraction, ok := strings.CutPrefix(digits, "."); ok {
		if fraction == "" || fraction[0] < '0' || '9' < fraction[0] {
			return "", false
		}
		digits = "0" + digits
	}
	whole, after, dot := strings.Cut(digits, ".")
	if dot && (after == "" || after[0] == 'e' || after[0] == 'E') {
		digits = whole + after
	}
	if !json.Valid([]byte(digits)) || digits[0] == '-' {
		return "", false
	}
	if negative {
		digits = "-" + digits
	}
	return json.Number(digits), true
}

// IsAlphanumeric tells whether c is an ASCII letter or digit.
func IsAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// TextOrNumber gives the text that a JSON value is, or the value as it is written; null is
// empty.
func TextOrNumber(raw []byte) string {
	switch {
	case len(raw) > 1 && raw[0] == '"':
		if bytes.IndexByte(raw, '\\') < 0 {
			return string(raw[1 : len(raw)-1])
		}
		var text string
		if json.Unmarshal(raw, &text) == nil { // \u002B is how some write a plus
			return text
		}
	case string(raw) == "null":
		return ""
	}
	return string(raw)
}

// maxEventName bounds the name of an event.
const maxEventName = 40

// EventName makes the name of an event of a text that may be foreign, for a log: ASCII
// letters, digits, spaces and -_./: only, at most 40 of them.
func EventName(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x80 && (IsAlphanumeric(byte(r)) || strings.ContainsRune(" -_./:", r)) {
			return r
		}
		return -1
	}, text)
	return strings.TrimSpace(text[:min(len(text), maxEventName)])
}

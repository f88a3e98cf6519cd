package transform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Kind says what is wrong with a body.
type Kind int

// The kinds of error.
const (
	// Malformed: the body cannot be read as what it claims to be.
	Malformed Kind = iota + 1
	// Invalid: the body was read, but fields are wrong or missing, or its
	// mapping makes no message.
	Invalid
	// Unsupported: nobody reads this media type.
	Unsupported
)

// Error is a body that makes no messages.
type Error struct {
	Kind   Kind
	Detail string
	Fields []FieldError // for Invalid
}

// FieldError is one field that is wrong.
type FieldError struct {
	Path string `json:"path"` // as in device.deviceId, [2].measurements
	Rule string `json:"rule"` // the rule that it breaks
	Hint string `json:"hint"` // what would be right
}

// Error tells what is wrong, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Detail)
	for i, f := range e.Fields {
		b.WriteString([]string{"; ", ": "}[b2i(i == 0)])
		b.WriteString(f.Path + " " + f.Hint)
	}
	return b.String()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func malformed(format string, args ...any) *Error {
	return &Error{Kind: Malformed, Detail: fmt.Sprintf(format, args...)}
}

// invalid makes the error of a message whose fields are wrong.
func invalid(fields ...FieldError) *Error {
	return &Error{Kind: Invalid, Detail: "the message is not valid", Fields: fields}
}

// syntaxError tells where JSON stops making sense. base is the offset of what
// was parsed in the body.
func syntaxError(body []byte, base int64, err error) *Error {
	offset, what := base, err.Error()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		offset += max(syntax.Offset-1, 0)
		if strings.HasPrefix(what, "unexpected end") {
			offset = int64(len(body))
		}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		offset, what = int64(len(body)), "unexpected end of JSON input"
	}
	return malformed("%s: %s", position(body, offset), what)
}

// position names a place in a body as line, column (in bytes) and offset, as
// editors count.
func position(body []byte, offset int64) string {
	before := body[:min(offset, int64(len(body)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return fmt.Sprintf("line %d, column %d (offset %d)", line, column, offset)
}

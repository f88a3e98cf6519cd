package message

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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
	// Unsupported: the media type is not supported.
	Unsupported
	// TooLarge: the body holds too many messages, or becomes too large in memory.
	TooLarge
	// Busy: there is no memory for the body at present.
	Busy
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
	// Brief is the hint without values of the body, for logs; empty where the hint has none.
	Brief string `json:"-"`
	// DeviceID is the device whose message it is, where it is known and may be told.
	DeviceID string `json:"-"`
}

// OfDevice says whose message the fields are of, where the id is one.
func OfDevice(id string, fields []FieldError) []FieldError {
	if ValidDeviceID(id) {
		for i := range fields {
			fields[i].DeviceID = id
		}
	}
	return fields
}

// Logged is the hint as a log may have it.
func (f *FieldError) Logged() string { return cmp.Or(f.Brief, f.Hint) }

// Text says in one line what is wrong where.
func (f *FieldError) Text() string {
	switch {
	case f.Path == "" || f.Path == "body":
		return f.Hint
	case f.Rule == "mapping": // the hint is a sentence of its own
		return f.Path + ": " + f.Hint
	}
	return f.Path + " " + f.Hint
}

// Error tells what is wrong, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Detail)
	separator := ": "
	for _, f := range e.Fields {
		b.WriteString(separator + f.Path + " " + f.Hint)
		separator = "; "
	}
	return b.String()
}

// ErrReplaced is the error of bytes that are lost; see Request.Replaced.
var ErrReplaced = Malformedf("bytes of the body are lost: something in front read it as text and put U+FFFD " +
	"in place of what is not UTF-8")

// Malformedf makes the error of a body that cannot be read.
func Malformedf(format string, args ...any) *Error {
	return &Error{Kind: Malformed, Detail: fmt.Sprintf(format, args...)}
}

// Unsupportedf makes the error of a body that is in a form that is not supported.
func Unsupportedf(format string, args ...any) *Error {
	return &Error{Kind: Unsupported, Detail: fmt.Sprintf(format, args...)}
}

// Invalidf makes the error of a body that makes no message.
func Invalidf(format string, args ...any) *Error {
	return &Error{Kind: Invalid, Detail: fmt.Sprintf(format, args...)}
}

// InvalidFields makes the error of a message whose fields are wrong. Of very many
// it names the first ones.
func InvalidFields(fields ...FieldError) *Error {
	return &Error{Kind: Invalid, Detail: "the message is not valid", Fields: fields[:min(len(fields), MaxFieldErrors)]}
}

// Is tells whether an error is of one of some kinds.
func Is(err error, kinds ...Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(kinds, e.Kind)
}

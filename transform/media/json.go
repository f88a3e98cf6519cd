package media

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"mayfly/transform/media/nonfinite"
	"mayfly/transform/message"
)

// decodeJSON reads one JSON value, or several, one after another (NDJSON), into a
// list. With list, a lone value is a list, too.
func decodeJSON(body []byte, list bool, spent budget) (any, error) {
	value, err := strictJSON(body, list, spent)
	if err == nil {
		return value, nil
	}
	if clean, told, ok := finite(body, err, spent); ok {
		if value, err = strictJSON(clean, list, spent); err == nil {
			told()
		}
	}
	return value, err
}

// finite gives JSON that a strict reader has refused with an error without the NaN and the
// infinities in it; ok is false where there are none. told notes what was left out.
func finite(body []byte, err error, spent budget) (clean []byte, told func(), ok bool) {
	if !message.Is(err, message.Malformed) || spent.of().Bytes(len(body)) != nil {
		return nil, nil, false
	}
	clean, left, n := nonfinite.Blank(body)
	return clean, func() { spent.notes.addAll(left, n) }, n > 0
}

func strictJSON(body []byte, list bool, spent budget) (any, error) {
	s, err := newScanner(body, true, spent)
	if err != nil {
		return nil, err
	}
	var values []any
	err = s.sequence(func() bool {
		value, ok := s.value(0)
		values = append(values, value)
		return ok && s.counted(s.spent.of().Messages(len(values)))
	})
	if err != nil {
		return nil, err
	}
	if len(values) == 1 {
		elements, isList := values[0].([]any)
		if !isList && !list {
			return values[0], nil
		}
		if isList {
			values = elements
		}
	}
	if err := checkCount(len(values)); err != nil {
		return nil, err
	}
	return values, nil
}

// decodeJSONLines reads JSON as decodeJSON does. Where that fails, it reads the lines of
// NDJSON that can be read, if the bad ones may be left out.
func decodeJSONLines(r *message.Request, how *Reading) (any, error) {
	value, err := decodeJSON(r.Body, how.Format == FormatNDJSON, budgetOf(r, how.Notes))
	if !mayHaveLines(err, how) {
		return value, err
	}
	values, _, lineErr := jsonLines(r, how, true)
	if lineErr != nil || values == nil {
		return nil, cmp.Or(lineErr, err)
	}
	return values, nil
}

// jsonMessageLines cuts JSON as jsonMessages does, or else the lines of NDJSON that can
// be read.
func jsonMessageLines(r *message.Request, how *Reading) ([]json.RawMessage, error) {
	items, err := jsonMessages(r, how.Notes)
	if !mayHaveLines(err, how) {
		return items, err
	}
	_, items, lineErr := jsonLines(r, how, false)
	if lineErr != nil || items == nil {
		return nil, cmp.Or(lineErr, err)
	}
	return items, nil
}

// mayHaveLines tells whether a body that cannot be read as a whole may be read line by line.
func mayHaveLines(err error, how *Reading) bool {
	return message.Is(err, message.Malformed) && how.Notes.lines().Skips()
}

// jsonMessages cuts a JSON or NDJSON body into the messages that it holds: the
// elements of an array, or one value after another.
func jsonMessages(r *message.Request, notes *Notes) ([]json.RawMessage, error) {
	items, err := strictMessages(r, r.Body)
	if err == nil {
		return items, nil
	}
	if clean, told, ok := finite(r.Body, err, budgetOf(r, notes)); ok {
		if items, err = strictMessages(r, clean); err == nil {
			told()
			for i := range items { // without the gaps
				compact := bytes.NewBuffer(items[i][:0:0])
				_ = json.Compact(compact, items[i]) // it was read
				items[i] = compact.Bytes()
			}
		}
	}
	return items, err
}

func strictMessages(r *message.Request, body []byte) ([]json.RawMessage, error) {
	s, err := newScanner(body, false, budget{}) // only counts
	if err != nil {
		return nil, err
	}
	items, depth := []json.RawMessage{}, 0
	item := func() bool {
		start := s.at
		_, ok := s.value(depth)
		items = append(items, s.text[start:s.at:s.at])
		return ok && s.counted(r.Meter().Messages(len(items))) && s.counted(r.Meter().Message(2*(s.at-start)))
	}
	next := item
	if s.peek() == '[' {
		depth, next = 1, func() bool { return s.elements(']', 1, item) }
	}
	if err := s.sequence(next); err != nil {
		return nil, err
	}
	if err := checkCount(len(items)); err != nil {
		return nil, err
	}
	return items, nil
}

// sequence reads values one after another; next has to read one. An array is not
// followed by others.
func (s *scanner) sequence(next func() bool) error {
	if s.done() {
		return message.Malformedf("the body is empty")
	}
	for array := s.peek() == '['; ; {
		if ok := next(); s.limit != nil {
			return s.limit
		} else if !ok {
			return syntaxError(s.text)
		}
		if s.space(); s.done() {
			return nil
		}
		if array {
			return syntaxError(s.text)
		}
	}
}

// syntaxError tells where a text stops to make sense, and why.
func syntaxError(text []byte) error {
	offset, what := syntaxFault(text)
	return message.Malformedf("%s: %s", message.Position(text, offset), what)
}

// syntaxFault has encoding/json tell where a text stops to make sense, and why.
func syntaxFault(text []byte) (offset int64, what string) {
	var err error
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("[")) {
		err = json.Unmarshal(text, new(json.RawMessage))
	} else {
		for decoder := json.NewDecoder(bytes.NewReader(text)); err == nil; {
			err = decoder.Decode(new(json.RawMessage))
		}
	}
	offset, what = int64(len(text)), "unexpected end of JSON input"
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.HasPrefix(syntax.Error(), "unexpected end") {
		offset, what = max(syntax.Offset-1, 0), syntax.Error()
	}
	return offset, what
}

func notUTF8(text []byte) error {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return message.Malformedf("%s: not UTF-8", message.Position(text, int64(at)))
}

// checkCount bounds the messages of a body.
func checkCount(messages int) error {
	switch {
	case messages == 0:
		return message.Invalidf("the body holds no message")
	case messages > message.MaxMessages:
		return &message.Error{Kind: message.TooLarge, Detail: "the body holds more than 10000 messages"}
	}
	return nil
}

// IsObject tells whether a JSON value is an object.
func IsObject(value []byte) bool { return KindOf(value) == "an object" }

// KindOf names the type of a JSON value for an error.
func KindOf(value []byte) string {
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

package media

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"

	"mayfly/transform/message"
)

// maxFields bounds the fields of a form. Weather stations send a hundred.
const maxFields = 10_000

// decodeForm reads a form into an object of texts; a name that comes several
// times has a list of them. A form that is one JSON text, as Sigfox sends a JSON
// template under the wrong media type (percent-encoded, with or without the "="
// of an empty value), is that JSON.
func decodeForm(body []byte, spent budget) (any, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, message.Malformedf("the body is empty")
	}
	if head := string(body[:min(len(body), 3)]); strings.EqualFold(head, "%7b") || strings.EqualFold(head, "%5b") {
		if text, err := url.QueryUnescape(strings.TrimSuffix(string(body), "=")); err == nil {
			return decodeJSON([]byte(text), false, spent)
		}
	}
	form := map[string]any{}
	offset, fields := 0, 0
	for pair := range strings.SplitSeq(string(body), "&") {
		at := offset
		offset += len(pair) + 1
		if pair == "" {
			continue
		}
		if fields++; fields > maxFields {
			return nil, message.Invalidf("the form has more than 10000 fields")
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err == nil && !utf8.ValidString(name) {
			err = errors.New("not UTF-8")
		}
		if err != nil {
			return nil, message.Malformedf("%s: %v", message.Position(body, int64(at)), err)
		}
		value, err := url.QueryUnescape(rawValue)
		if err == nil && !utf8.ValidString(value) {
			err = errors.New("not UTF-8")
		}
		if err != nil {
			return nil, message.Malformedf("%s: field %s: %v", message.Position(body, int64(at)), message.Quote(name), err)
		}
		if err := spent.member(len(name), len(value)); err != nil {
			return nil, err
		}
		addField(form, name, value)
	}
	return form, nil
}

// addField adds a value; the second one of a name makes a list.
func addField(form map[string]any, name string, value any) {
	switch had := form[name].(type) {
	case nil:
		form[name] = value
	case []any:
		form[name] = append(had, value)
	default:
		form[name] = []any{had, value}
	}
}

// decodeMultipart reads a multipart form as decodeForm reads a plain one. A part
// that is JSON is that value; a file that is not text is base64.
func decodeMultipart(r *message.Request, m mediaType, notes *Notes) (any, error) {
	boundary := m.params["boundary"]
	if boundary == "" {
		return nil, message.Malformedf("the media type names no boundary")
	}
	reader := multipart.NewReader(bytes.NewReader(r.Body), boundary)
	form, spent := map[string]any{}, budgetOf(r, notes)
	for fields := 0; ; fields++ {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			if len(form) == 0 {
				return nil, message.Malformedf("the body has no parts")
			}
			return form, nil
		}
		if err != nil {
			return nil, message.Malformedf("part %d: %v", fields+1, err)
		}
		if fields >= maxFields {
			return nil, message.Invalidf("the form has more than 10000 fields")
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, message.Malformedf("part %d: %v", fields+1, err)
		}
		name := part.FormName()
		if name == "" {
			continue
		}
		if r.Replaced && isFile(part) && bytes.Contains(text, []byte("\ufffd")) {
			return nil, message.ErrReplaced
		}
		if err := spent.member(partBytes+len(name), 2*len(text)); err != nil {
			return nil, err
		}
		value, err := partValue(part, text, spent)
		if message.Is(err, message.TooLarge, message.Busy) {
			return nil, err
		} else if err != nil {
			return nil, message.Malformedf("part %d, %s: %v", fields+1, message.Quote(name), err)
		}
		addField(form, strings.ToValidUTF8(name, "?"), value)
	}
}

// partBytes is what the library takes for the head of a part.
const partBytes = 512

// isFile tells whether a part is said to hold bytes.
func isFile(part *multipart.Part) bool {
	kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind != "" && !(mediaType{name: kind}).known().isText()
}

func partValue(part *multipart.Part, text []byte, spent budget) (any, error) {
	kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
	switch {
	case (mediaType{name: strings.ToLower(strings.TrimSpace(kind))}).known() == FormatJSON:
		return decodeJSON(text, false, spent)
	case utf8.Valid(text):
		return string(text), nil
	}
	return base64.StdEncoding.EncodeToString(text), nil
}

package media

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"mayfly/transform/message"
)

// decodeXML reads XML into an object with the root element's name. An element
// that has only text is that text; one with attributes or elements is an object
// of these, attributes with an @ before their names and text, if there is any,
// under #text; an empty one is null. Elements of one name are a list. Name
// spaces are left out. Only XML's own entities are known, and a document type is refused.
func decodeXML(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, message.Malformedf("the body is empty")
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = latin1
	x := xmlReader{decoder: decoder}
	root := map[string]any{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if len(root) == 0 {
				return nil, message.Malformedf("offset %d: the document has no element", len(body))
			}
			return root, nil
		}
		if err != nil {
			return nil, x.wrong(body, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(root) > 0 {
				return nil, message.Malformedf("%s: a second root element", position(body, decoder.InputOffset()))
			}
			if root[token.Name.Local], err = x.element(token, 1); err != nil {
				return nil, x.wrong(body, err)
			}
		case xml.Directive:
			return nil, message.Malformedf("%s: a document type is not allowed", position(body, decoder.InputOffset()))
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return nil, message.Malformedf("%s: text outside of the root element", position(body, decoder.InputOffset()))
			}
		}
	}
}

type xmlReader struct {
	decoder *xml.Decoder
	spent   budget
}

func (x *xmlReader) wrong(body []byte, err error) error {
	if _, ours := errors.AsType[*message.Error](err); ours {
		return err
	}
	what := err.Error()
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		what = syntax.Msg
	}
	return message.Malformedf("%s: %s", position(body, x.decoder.InputOffset()), what)
}

func (x *xmlReader) element(start xml.StartElement, depth int) (any, error) {
	if depth > message.MaxDepth {
		return nil, message.Malformedf("offset %d: nested deeper than %d", x.decoder.InputOffset(), message.MaxDepth)
	}
	if err := x.spent.container(); err != nil {
		return nil, err
	}
	var members map[string]any
	set := func(name string, value any) {
		if members == nil {
			members = map[string]any{}
		}
		had, again := members[name]
		list, isList := had.([]any)
		switch {
		case !again:
			members[name] = value
		case isList: // only repetition makes lists here
			members[name] = append(list, value)
		default:
			members[name] = []any{had, value}
		}
	}
	for _, a := range start.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			continue
		}
		if err := x.spent.value(); err != nil {
			return nil, err
		}
		set("@"+a.Name.Local, a.Value)
	}
	var text strings.Builder
	for {
		token, err := x.decoder.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			value, err := x.element(token, depth+1)
			if err != nil {
				return nil, err
			}
			set(token.Name.Local, value)
		case xml.CharData:
			text.Write(token)
		case xml.Directive:
			return nil, message.Malformedf("offset %d: a document type is not allowed", x.decoder.InputOffset())
		case xml.EndElement:
			content := strings.TrimSpace(text.String())
			switch {
			case members == nil && content == "":
				return nil, nil
			case members == nil:
				return content, nil
			case content != "":
				set("#text", content)
			}
			return members, nil
		}
	}
}

// latin1 reads the charsets that old senders declare.
func latin1(charset string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "utf-8", "utf8", "us-ascii":
		return input, nil
	case "iso-8859-1", "latin1", "windows-1252", "iso-8859-15":
		raw, err := io.ReadAll(input)
		if err != nil {
			return nil, err
		}
		text := make([]rune, len(raw))
		for i, b := range raw {
			text[i] = rune(b)
		}
		return strings.NewReader(string(text)), nil
	}
	return nil, message.Unsupportedf("charset %s is not supported; send UTF-8", message.Quote(charset))
}

package xmltree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"mayfly/transform/media/charset"
	"mayfly/transform/message"
)

// Decode reads XML into an object with the root element's name. An element
// that has only text is that text; one with attributes or elements is an object
// of these, attributes with an @ before their names and text, if there is any,
// under #text; an empty one is null. Elements of one name are a list. Name
// spaces are left out. Only XML's own entities are known. A document type
// before the root is passed over and what it refers to is never read; one with
// declarations of its own is refused.
func Decode(body []byte, meter *message.Meter) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, message.Malformedf("the body is empty")
	}
	// The library reads all attributes of an element before it gives it out.
	if err := meter.Bytes(attributeBytes * bytes.Count(body, []byte("="))); err != nil {
		return nil, err
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = charsetReader
	x := reader{decoder: decoder, meter: meter}
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
				return nil, message.Malformedf("%s: a second root element", message.Position(body, decoder.InputOffset()))
			}
			if root[token.Name.Local], err = x.element(token, 1); err != nil {
				return nil, x.wrong(body, err)
			}
		case xml.Directive:
			if len(root) > 0 || !bytes.HasPrefix(token, []byte("DOCTYPE ")) || bytes.ContainsAny(token, "[<") {
				return nil, message.Malformedf("%s: a document type with declarations is not allowed",
					message.Position(body, decoder.InputOffset()))
			}
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return nil, message.Malformedf("%s: text outside of the root element", message.Position(body, decoder.InputOffset()))
			}
		}
	}
}

// attributeBytes is what the library takes for an attribute.
const attributeBytes = 128

type reader struct {
	decoder *xml.Decoder
	meter   *message.Meter
}

// object counts an element, which is a member and may be an object.
func (x *reader) object() error {
	if err := x.meter.Object(); err != nil {
		return err
	}
	return x.meter.Members(1)
}

func (x *reader) wrong(body []byte, err error) error {
	if _, ours := errors.AsType[*message.Error](err); ours {
		return err
	}
	what := err.Error()
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		what = syntax.Msg
	}
	return message.Malformedf("%s: %s", message.Position(body, x.decoder.InputOffset()), what)
}

func (x *reader) element(start xml.StartElement, depth int) (any, error) {
	if depth > message.MaxDepth {
		return nil, message.Malformedf("offset %d: nested deeper than %d", x.decoder.InputOffset(), message.MaxDepth)
	}
	if err := x.object(); err != nil { // it may be one, and is a member
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
		if err := x.meter.Member(len(a.Name.Local), len(a.Value)); err != nil {
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
			if err := x.meter.Bytes(2 * len(token)); err != nil {
				return nil, err
			}
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

// charsetReader reads the charsets that documents declare. What is UTF-8 already stays as it is.
func charsetReader(declared string, input io.Reader) (io.Reader, error) {
	raw, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	if text, ok := charset.ToUTF8(raw, declared); ok {
		return bytes.NewReader(text), nil
	}
	return nil, message.Unsupportedf("charset %s is not supported; send UTF-8", message.Quote(declared))
}

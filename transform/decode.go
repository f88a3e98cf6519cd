package transform

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// Format is how a body is written.
type Format string

// The formats. A source may name one, for senders whose media type tells
// nothing; otherwise the media type does, and where that is missing or general,
// the body itself.
const (
	FormatJSON       Format = "json"
	FormatNDJSON     Format = "ndjson"
	FormatForm       Format = "form"
	FormatMultipart  Format = "multipart"
	FormatCSV        Format = "csv"
	FormatCBOR       Format = "cbor"
	FormatCBORs      Format = "cbor-seq"
	FormatMsgPack    Format = "msgpack"
	FormatSenML      Format = "senml"
	FormatSenMLCBOR  Format = "senml-cbor"
	FormatCloudEvent Format = "cloudevents"
	FormatInflux     Format = "influx"
	FormatXML        Format = "xml"
	FormatText       Format = "text"
	FormatBytes      Format = "bytes"
)

// reading says how a source wants its bodies read.
type reading struct {
	format Format // empty: by the media type and the body
	csv    CSV
}

// decode reads a body into the value that expressions see: nil, booleans, texts,
// numbers with every digit (json.Number), []any and map[string]any. Bytes become
// base64 text, times RFC 3339 text.
func decode(r *Request) (any, error) { return decodeAs(r, reading{}) }

func decodeAs(r *Request, how reading) (any, error) {
	if how.format == "" && r.header("Ce-Specversion") != "" {
		return cloudEventBinary(r, how)
	}
	media, err := mediaOf(r)
	if err != nil {
		return nil, err
	}
	format := how.format
	if format == "" {
		if format, err = media.format(r.Body); err != nil {
			return nil, err
		}
	}
	return decodeBody(r, media, format, how)
}

func decodeBody(r *Request, media media, format Format, how reading) (any, error) {
	switch format {
	case FormatJSON, FormatNDJSON:
		return decodeJSON(r.Body, format == FormatNDJSON)
	case FormatForm:
		return decodeForm(r.Body)
	case FormatBytes:
		return base64.StdEncoding.EncodeToString(r.Body), nil
	case FormatCBOR, FormatCBORs:
		return decodeCBOR(r.Body, format == FormatCBORs)
	case FormatMsgPack:
		return decodeMsgPack(r.Body)
	case FormatSenML, FormatSenMLCBOR:
		records, err := senMLRecords(r.Body, format == FormatSenMLCBOR, r.Received)
		if err != nil {
			return nil, err
		}
		return resolved(records), nil
	case FormatMultipart:
		return decodeMultipart(r.Body, media)
	default:
		return decodeText(r, media, format, how)
	}
}

// decodeText reads the formats that are text. A charset that is not UTF-8 was
// refused before, but for XML, which says its own.
func decodeText(r *Request, media media, format Format, how reading) (any, error) {
	body := bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf"))
	if format == FormatXML {
		return decodeXML(body)
	}
	if !utf8.Valid(body) {
		return nil, malformed("%s: not UTF-8", position(body, invalidUTF8(body)))
	}
	switch format {
	case FormatCSV:
		return decodeCSV(body, how.csv.asked(media, r))
	case FormatInflux:
		return decodeInflux(body, r.query("precision"))
	case FormatCloudEvent:
		return cloudEventStructured(body, r.Received)
	case FormatText:
		return string(body), nil
	default:
		return nil, &Error{Kind: Unsupported, Detail: "format " + quote(string(format)) + " is not known"}
	}
}

// mostContainers bounds the objects and arrays of a body: an empty one has two
// bytes there and some hundred here.
const mostContainers = 100_000

// decodeJSON reads one JSON value, or several, one after another, into a list.
func decodeJSON(body []byte, list bool) (any, error) {
	if err := checkSize(body); err != nil {
		return nil, err
	}
	if value, ok := parseJSON(body); ok && !list {
		if many, isList := value.([]any); !isList || len(many) > 0 && len(many) <= mostMessages {
			return value, nil
		}
	}
	checked, err := checkText(body)
	if err != nil {
		return nil, err
	}
	items, err := jsonItems(checked)
	if err != nil {
		return nil, err
	}
	if len(items) == 1 && !list && !bytes.HasPrefix(bytes.TrimLeft(checked, " \t\r\n"), []byte("[")) {
		return decodeItem(items[0])
	}
	values := make([]any, len(items))
	for i, item := range items {
		if values[i], err = decodeItem(item); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func decodeItem(item json.RawMessage) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(item))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, syntaxError(item, 0, err)
	}
	return value, nil
}

// checkSize bounds what a JSON text may come to.
func checkSize(body []byte) error {
	if len(body) < 2*mostContainers {
		return nil // it cannot hold that many
	}
	values, containers, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ',':
			values++
		case c == '{', c == '[':
			containers++
		}
	}
	if containers > mostContainers || values > mostValues {
		return tooMuch()
	}
	return nil
}

func tooMuch() *Error {
	return &Error{Kind: Invalid, Detail: "the body holds too many values", Fields: []FieldError{{Path: "body", Rule: "max", Hint: "may hold 250000 values at most, 100000 of them objects and arrays"}}}
}

// budget counts the values of a body that is not JSON, so that none becomes much
// larger in memory than it is.
type budget struct{ values, containers int }

func (b *budget) value() error {
	if b.values++; b.values > mostValues {
		return tooMuch()
	}
	return nil
}

func (b *budget) container() error {
	if b.containers++; b.containers > mostContainers {
		return tooMuch()
	}
	return b.value()
}

// textOf makes text of a time as the expressions' timestamps want it.
func textOf(t time.Time) any {
	t, err := inRange(t.UTC())
	if err != nil {
		return nil
	}
	return t.Format("2006-01-02T15:04:05.999999999Z")
}

// numeric reads a text that is a number, as those of forms and CSV files are;
// what begins with a needless zero is none, but an id.
func numeric(text string) (json.Number, bool) {
	digits := strings.TrimPrefix(text, "+")
	digits, negative := strings.CutPrefix(digits, "-")
	if digits == "" || len(text) > 100 || negative && text[0] == '+' {
		return "", false
	}
	whole, rest := span(digits)
	fraction, exponent := "", ""
	if after, ok := strings.CutPrefix(rest, "."); ok {
		fraction, rest = span(after)
	}
	if whole == "" && fraction == "" || len(whole) > 1 && whole[0] == '0' {
		return "", false
	}
	if rest != "" {
		if rest[0] != 'e' && rest[0] != 'E' {
			return "", false
		}
		sign := rest[1:min(2, len(rest))]
		if sign != "+" && sign != "-" {
			sign = ""
		}
		power, end := span(rest[1+len(sign):])
		if power == "" || end != "" {
			return "", false
		}
		exponent = "e" + sign + power
	}
	var out strings.Builder
	if negative {
		out.WriteByte('-')
	}
	out.WriteString(cmp.Or(whole, "0"))
	if fraction != "" {
		out.WriteString("." + fraction)
	}
	out.WriteString(exponent)
	return json.Number(out.String()), true
}

// span cuts a text after its leading digits.
func span(text string) (digits, rest string) {
	i := 0
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		i++
	}
	return text[:i], text[i:]
}

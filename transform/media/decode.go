package media

import (
	"bytes"
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"mayfly/transform/media/lines"
	"mayfly/transform/media/nonfinite"
	"mayfly/transform/media/otlp"
	"mayfly/transform/media/xmltree"
	"mayfly/transform/message"
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
	FormatOTLP       Format = "otlp" // protobuf, where the body is not JSON
	FormatXML        Format = "xml"
	FormatText       Format = "text"
	FormatBytes      Format = "bytes"
)

// Reading says how bodies are to be read.
type Reading struct {
	Format Format // empty: by the media type and the body
	CSV    CSV
	Notes  *Notes // what was left out; nil when nobody asks
}

// Decode reads a body into the value that expressions see: nil, booleans, texts,
// numbers with every digit (json.Number), []any and map[string]any. Bytes become
// base64 text, times RFC 3339 text.
func Decode(r *message.Request, how Reading) (any, error) {
	r, kind, err := readable(r)
	if err != nil {
		return nil, err
	}
	if (how.Format == "" || how.Format == FormatCloudEvent) && isBinaryEvent(r) {
		return cloudEventBinary(r, how)
	}
	format := how.Format
	if format == "" {
		if format, err = kind.format(r.Body); err != nil {
			return nil, err
		}
	}
	if format == FormatOTLP && !kind.protobuf(r.Body) {
		format = FormatJSON
	}
	if format == FormatSenML && strings.Contains(kind.name, "cbor") {
		format = FormatSenMLCBOR // a source names the one, and its senders may use the other
	}
	return decodeBody(r, kind, format, how)
}

// DecodeContent is [Decode] for requests that may have no body: their content is in the query.
func DecodeContent(r *message.Request, how Reading) (any, error) {
	if len(bytes.TrimSpace(r.Body)) == 0 && len(r.Query) > 0 {
		return DecodeQuery(r.Query), nil
	}
	return Decode(r, how)
}

// DecodeQuery reads the query of a request without a body, as decodeForm reads a
// form.
func DecodeQuery(query map[string][]string) map[string]any {
	content := make(map[string]any, len(query))
	for name, values := range query {
		for _, value := range values {
			addField(content, strings.ToValidUTF8(name, "?"), strings.ToValidUTF8(value, "?"))
		}
	}
	return content
}

// isText tells whether a format is text. What is not must arrive byte by byte.
func (f Format) isText() bool {
	switch f {
	case FormatJSON, FormatNDJSON, FormatForm, FormatMultipart, FormatCSV, FormatSenML, FormatCloudEvent,
		FormatInflux, FormatXML, FormatText:
		return true
	default:
		return false
	}
}

func decodeBody(r *message.Request, kind mediaType, format Format, how Reading) (any, error) {
	if r.Replaced && !format.isText() {
		return nil, message.ErrReplaced
	}
	switch format {
	case FormatJSON, FormatNDJSON:
		how.Format = format
		return decodeJSONLines(r, &how)
	case FormatForm:
		return decodeForm(r.Body, budgetOf(r, how.Notes))
	case FormatBytes:
		return base64.StdEncoding.EncodeToString(r.Body), r.Meter().Bytes(2 * len(r.Body))
	case FormatCBOR, FormatCBORs:
		return decodeCBOR(r.Body, format == FormatCBORs, budgetOf(r, how.Notes))
	case FormatMsgPack:
		return decodeMsgPack(r.Body, budgetOf(r, how.Notes))
	case FormatSenML, FormatSenMLCBOR:
		records, err := senMLRecords(r, format == FormatSenMLCBOR, how.Notes)
		if err != nil {
			return nil, err
		}
		return resolved(records), nil
	case FormatOTLP:
		return otlp.Decode(r.Body, r.Path, r.Meter(), how.Notes.add)
	case FormatMultipart:
		return decodeMultipart(r, kind, how.Notes)
	default:
		return decodeText(r, kind, format, how)
	}
}

// decodeText reads the formats that are text. It is UTF-8 by now, but for XML, which says
// its charset itself.
func decodeText(r *message.Request, kind mediaType, format Format, how Reading) (any, error) {
	body := bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf"))
	if format == FormatInflux {
		clean, left, n := nonfinite.BlankLines(body)
		body = clean
		how.Notes.addAll(left, n)
	}
	if format == FormatXML {
		return xmltree.Decode(body, r.Meter())
	}
	if !utf8.Valid(body) && (!how.Notes.lines().Skips() || format != FormatCSV && format != FormatInflux) {
		return nil, notUTF8(body)
	}
	switch format {
	case FormatCSV:
		return askedCSV(how.CSV, kind, r).Decode(body, r.Meter(), how.Notes.lines())
	case FormatInflux:
		return lines.Influx(body, r.QueryValue("precision"), r.Meter(), how.Notes.lines())
	case FormatCloudEvent:
		return cloudEventStructured(r, body, how)
	case FormatText:
		return string(body), r.Meter().Bytes(len(body))
	default:
		return nil, message.Unsupportedf("format %s is not known", message.Quote(string(format)))
	}
}

// textOf makes text of a time as the expressions' timestamps want it.
func textOf(t time.Time) any {
	t, err := message.InRange(t.UTC())
	if err != nil {
		return nil
	}
	return message.FormatTime(t)
}

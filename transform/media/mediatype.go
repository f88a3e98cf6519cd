package media

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"mayfly/transform/media/charset"
	"mayfly/transform/media/looks"
	"mayfly/transform/message"
)

// mediaType is what the Content-Type of a request says.
type mediaType struct {
	name   string // lower case, without parameters; empty when it says nothing
	params map[string]string
}

// mediaOf reads the Content-Type, as well as it can be read: json, application/json
// twice, parameters that make no sense.
func mediaOf(r *message.Request) mediaType {
	declared := r.HeaderValue("Content-Type")
	switch declared {
	case "", "application/json": // nearly all
		return mediaType{name: declared}
	}
	name, params, err := mime.ParseMediaType(declared)
	if err != nil {
		name, _, _ = strings.Cut(declared, ";")
		_, charset, _ := strings.Cut(strings.ToLower(declared), "charset=")
		charset, _, _ = strings.Cut(charset, ";")
		params = map[string]string{"charset": charset}
	}
	name, _, _ = strings.Cut(name, ",") // some proxies join two headers
	return mediaType{strings.Trim(strings.ToLower(name), " \t\"'"), params}
}

// readable gives a request with its media type, and its body in UTF-8 where that is text.
func readable(r *message.Request) (*message.Request, mediaType, error) {
	m := mediaOf(r)
	body, declared := r.Body, m.params["charset"]
	if len(body) == 0 || declared == "" && body[0] < 0xef && bytes.IndexByte(body[max(len(body)-8, 0):], 0) < 0 {
		return r, m, nil // nearly all: no byte order mark, no NUL behind
	}
	format := m.known()
	text := format != FormatMultipart && (format.isText() || format == "" && declared != "")
	if format == FormatXML && bytes.Contains(body[:min(len(body), 200)], []byte("encoding=")) {
		declared = "" // it says so itself
	}
	converted, ok := charset.ToUTF8(body, declared)
	switch {
	case !ok && text && declared != "" && !utf8.Valid(body) && !charset.Known(declared):
		return r, m, message.Unsupportedf("charset %s is not supported; send UTF-8", message.Quote(declared))
	case !ok, !text && !looks.JSON(converted) && !looks.XML(converted):
		return r, m, nil // bytes stay as they are
	}
	if err := r.Meter().Bytes(len(converted)); err != nil {
		return r, m, err
	}
	out := *r
	out.Body = converted
	return &out, m, nil
}

// Readable gives a request whose body is UTF-8 where it is text in another charset that the
// sender names, as all functions of this package read it.
func Readable(r *message.Request) *message.Request {
	out, _, _ := readable(r) // the request as it is beside an error
	return out
}

func (m mediaType) unsupported() *message.Error {
	return message.Unsupportedf("media type %s is not supported here; send application/json", message.Quote(m.name))
}

// mediaFormats are the media types that say how a body is written.
var mediaFormats = map[string]Format{
	"application/json": FormatJSON, "text/json": FormatJSON,
	"application/x-ndjson": FormatNDJSON, "application/ndjson": FormatNDJSON, "application/jsonl": FormatNDJSON,
	"application/x-jsonlines": FormatNDJSON, "application/jsonlines": FormatNDJSON,
	"application/x-www-form-urlencoded": FormatForm, "multipart/form-data": FormatMultipart,
	"text/csv": FormatCSV, "application/csv": FormatCSV, "text/tab-separated-values": FormatCSV,
	"application/cbor": FormatCBOR, "application/cbor-seq": FormatCBORs,
	"application/msgpack": FormatMsgPack, "application/x-msgpack": FormatMsgPack, "application/vnd.msgpack": FormatMsgPack,
	"application/senml+json": FormatSenML, "application/sensml+json": FormatSenML,
	"application/senml+cbor": FormatSenMLCBOR, "application/sensml+cbor": FormatSenMLCBOR,
	"application/cloudevents+json": FormatCloudEvent, "application/cloudevents-batch+json": FormatCloudEvent,
	"application/xml": FormatXML, "text/xml": FormatXML,
	"text/plain": FormatText, "application/octet-stream": FormatBytes, "binary/octet-stream": FormatBytes,
}

// protobuf tells whether a body of OpenTelemetry is protobuf: its media type says so, or
// says nothing, and the body is not JSON. Its first byte may be a line feed, so that it can
// look like JSON at a glance.
func (m mediaType) protobuf(body []byte) bool {
	return strings.Contains(m.name, "protobuf") || m.known() != FormatJSON && !json.Valid(body)
}

// known gives the format that a media type stands for; empty where it is not
// known.
func (m mediaType) known() Format {
	if f, ok := mediaFormats[m.name]; ok {
		return f
	}
	if strings.HasPrefix(m.name, "application/") {
		switch m.name[strings.LastIndexByte(m.name, '+')+1:] {
		case "json":
			return FormatJSON
		case "cbor":
			return FormatCBOR
		case "xml":
			return FormatXML
		}
	}
	for _, word := range mediaWords { // json, application/x-json, typing errors
		if strings.Contains(m.name, word.in) {
			return word.format
		}
	}
	if strings.HasPrefix(m.name, "text/") || strings.HasSuffix(m.name, "/javascript") {
		return FormatText
	}
	return ""
}

// mediaWords are looked for in media types that are not known otherwise.
var mediaWords = []struct {
	in     string
	format Format
}{
	{"ndjson", FormatNDJSON}, {"jsonl", FormatNDJSON}, {"json", FormatJSON}, {"xml", FormatXML}, {"csv", FormatCSV},
	{"urlencoded", FormatForm}, {"cbor", FormatCBOR}, {"msgpack", FormatMsgPack},
}

// format tells how a body is written: as its media type says, unless it looks like
// something else that the type can be mistaken for (curl says form, simple clients say text
// or bytes, others XML). A type that is missing or not known tells nothing.
func (m mediaType) format(body []byte) (Format, error) {
	declared := m.known()
	isJSON := looks.JSON(body)
	switch declared {
	case FormatText, FormatCSV, FormatXML, FormatForm, FormatMultipart:
		switch {
		case isJSON:
			return FormatJSON, nil
		case declared == FormatText && looks.XML(body):
			return FormatXML, nil
		case declared == FormatText && bytes.IndexByte(body, '&') > 0 && looks.Form(body):
			return FormatForm, nil
		}
		return declared, nil
	case FormatBytes:
		if isJSON && utf8.Valid(body) {
			return FormatJSON, nil
		}
		return declared, nil
	case FormatCBOR, FormatCBORs, FormatMsgPack, FormatSenMLCBOR:
		if isJSON && json.Valid(body) {
			return FormatJSON, nil
		}
		return declared, nil
	case FormatJSON, FormatNDJSON:
		if !isJSON && looks.XML(body) {
			return FormatXML, nil
		}
		return declared, nil
	case "":
		format := sniff(body)
		switch top, _, whole := strings.Cut(m.name, "/"); {
		case top == "image" || top == "audio" || top == "video" || top == "font":
			return "", m.unsupported()
		case !whole || strings.Contains(m.name, "*"): // not a type at all
		case format == FormatText, format == FormatBytes, format == FormatJSON && !isJSON:
			return "", m.unsupported()
		}
		return format, nil
	default:
		return declared, nil
	}
}

// sniff tells how a body is written that no media type comes with.
func sniff(body []byte) Format {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0, looks.JSON(body), json.Valid(body):
		return FormatJSON
	case looks.XML(body):
		return FormatXML
	case looks.Binary(body):
		return FormatBytes
	case looks.Form(body):
		return FormatForm
	}
	return FormatText
}

// JSONValues cuts a JSON or NDJSON body, whatever of both its media type says,
// into the messages that it holds.
func JSONValues(r *message.Request, notes *Notes) ([]json.RawMessage, error) {
	r, m, err := readable(r)
	if err != nil {
		return nil, err
	}
	if err := m.wantJSON(r.Body); err != nil {
		return nil, err
	}
	return jsonMessageLines(r, &Reading{Format: m.known(), Notes: notes})
}

// wantJSON refuses a body that is not JSON, by the same looks as everywhere.
func (m mediaType) wantJSON(body []byte) error {
	if m.name == "" || m.name == "application/json" {
		return nil
	}
	format, err := m.format(body)
	if err != nil {
		return err
	}
	switch format {
	case FormatJSON, FormatNDJSON, FormatSenML, FormatCloudEvent:
		return nil
	case FormatForm, FormatText, FormatBytes:
		if len(bytes.TrimSpace(body)) == 0 {
			return nil
		}
	default:
	}
	return m.unsupported()
}

package media

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"mayfly/transform/message"
)

// mediaType is what the Content-Type of a request says.
type mediaType struct {
	name   string // lower case, without parameters; empty when it says nothing
	params map[string]string
}

// mediaOf reads the Content-Type. Text in another charset than UTF-8 is refused;
// XML says its charset itself.
func mediaOf(r *message.Request) (mediaType, error) {
	declared := r.HeaderValue("Content-Type")
	switch declared {
	case "", "application/json": // nearly all
		return mediaType{name: declared}, nil
	}
	name, params, err := mime.ParseMediaType(declared)
	if err != nil {
		name, _, _ = strings.Cut(declared, ";")
		name = strings.ToLower(strings.TrimSpace(name))
	}
	m := mediaType{name, params}
	switch charset := strings.ToLower(params["charset"]); charset {
	case "", "utf-8", "utf8", "us-ascii":
	default:
		if m.known() != FormatXML {
			return m, message.Unsupportedf("charset %s is not supported; send UTF-8", message.Quote(charset))
		}
	}
	return m, nil
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
	if strings.HasPrefix(m.name, "text/") || strings.HasSuffix(m.name, "/javascript") {
		return FormatText
	}
	return ""
}

// format tells how a body is written. Senders that name no media type, or a
// general one (curl says form, simple clients say text or bytes), are met by
// looking at the body: what looks like JSON is JSON.
func (m mediaType) format(body []byte) (Format, error) {
	declared := m.known()
	switch declared {
	case FormatText, FormatCSV, FormatXML:
		if looksLikeJSON(body) {
			return FormatJSON, nil
		}
		if declared == FormatText && looksLikeXML(body) {
			return FormatXML, nil
		}
		if declared == FormatText && bytes.IndexByte(body, '&') > 0 && looksLikeForm(body) {
			return FormatForm, nil
		}
		return declared, nil
	case FormatForm:
		if looksLikeJSON(body) {
			return FormatJSON, nil
		}
		return declared, nil
	case FormatBytes:
		if looksLikeJSON(body) && utf8.Valid(body) {
			return FormatJSON, nil
		}
		return declared, nil
	case "":
		if m.name != "" {
			return "", m.unsupported()
		}
		return sniff(body), nil
	default:
		return declared, nil
	}
}

// sniff tells how a body is written that no media type comes with.
func sniff(body []byte) Format {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0, looksLikeJSON(body), json.Valid(body):
		return FormatJSON
	case looksLikeXML(body):
		return FormatXML
	case !utf8.Valid(body), bytes.ContainsFunc(body, isBinary):
		return FormatBytes
	case looksLikeForm(body):
		return FormatForm
	}
	return FormatText
}

// isBinary tells control characters that no text has.
func isBinary(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' || r == 0x7f
}

func looksLikeJSON(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

func looksLikeXML(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(body) > 1 && body[0] == '<' && (body[1] == '?' || body[1] == '!' || message.IsAlphanumeric(body[1]))
}

// looksLikeForm tells whether a text is name=value pairs. A single one has no
// space in it; of several, some stations do not escape those that they write.
func looksLikeForm(body []byte) bool {
	name, _, ok := bytes.Cut(body, []byte("="))
	if !ok || len(name) == 0 || len(name) > 200 {
		return false
	}
	for _, c := range name {
		if !message.IsAlphanumeric(c) && strings.IndexByte("-._%+[]", c) < 0 {
			return false
		}
	}
	if bytes.IndexByte(body, '&') < 0 && bytes.IndexByte(body, ' ') >= 0 {
		return false
	}
	return !bytes.ContainsAny(bytes.TrimRight(body, "\r\n"), "\t\r\n\"<>{}")
}

// JSONValues cuts a JSON or NDJSON body, whatever of both its media type says,
// into the messages that it holds.
func JSONValues(r *message.Request, notes *Notes) ([]json.RawMessage, error) {
	if err := wantJSON(r); err != nil {
		return nil, err
	}
	return jsonMessages(r, notes)
}

// wantJSON accepts the media types of JSON. What curl and simple HTTP clients
// send by default (form, text, binary, nothing) passes where the
// body looks like JSON.
func wantJSON(r *message.Request) error {
	m, err := mediaOf(r)
	if err != nil {
		return err
	}
	switch m.known() {
	case FormatJSON, FormatNDJSON, FormatSenML, FormatCloudEvent:
		return nil
	case FormatForm, FormatText, FormatBytes:
		if looksLikeJSON(r.Body) || len(bytes.TrimSpace(r.Body)) == 0 {
			return nil
		}
	default:
	}
	if m.name == "" {
		return nil
	}
	return m.unsupported()
}

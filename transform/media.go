package transform

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"
)

// jsonValues reads a JSON or NDJSON body, whatever of both its media type says.
func jsonValues(r *Request) ([]json.RawMessage, error) {
	if err := wantJSON(r); err != nil {
		return nil, err
	}
	body, err := checkText(r.Body)
	if err != nil {
		return nil, err
	}
	items, err := values(body)
	if err != nil {
		return nil, err
	}
	switch {
	case len(items) == 0:
		return nil, &Error{Kind: Invalid, Detail: "the body holds no message"}
	case len(items) > mostMessages:
		return nil, &Error{Kind: Invalid, Detail: "the body holds too many messages", Fields: []FieldError{{Path: "body", Rule: "max", Hint: "may hold 10000 messages at most"}}}
	}
	return items, nil
}

const mostMessages = 10_000

// wantJSON accepts the media types of JSON. What curl and simple HTTP clients
// send when nobody tells them (form, text, binary, nothing) passes where the
// body looks like JSON.
func wantJSON(r *Request) error {
	declared := r.header("Content-Type")
	media, params, err := mime.ParseMediaType(declared)
	if err != nil {
		media, _, _ = strings.Cut(declared, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	if charset := strings.ToLower(params["charset"]); charset != "" && charset != "utf-8" && charset != "utf8" && charset != "us-ascii" {
		return &Error{Kind: Unsupported, Detail: "charset " + quote(charset) + " is not read; send UTF-8"}
	}
	switch media {
	case "application/json", "text/json", "application/x-ndjson", "application/ndjson", "application/jsonl",
		"application/x-jsonlines", "application/jsonlines":
		return nil
	case "", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "binary/octet-stream":
		body := bytes.TrimLeft(bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf")), " \t\r\n")
		if len(body) == 0 || body[0] == '{' || body[0] == '[' || media == "" {
			return nil
		}
	}
	if strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json") {
		return nil
	}
	return &Error{Kind: Unsupported, Detail: "media type " + quote(media) + " is not read here; send application/json"}
}

// quote shows foreign text, shortened.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	text, _ := json.Marshal(strings.ToValidUTF8(s, "?"))
	return string(text)
}

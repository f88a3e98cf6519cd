package transform_test

import (
	"testing"
	"unicode/utf16"

	"mayfly/transform"
	"mayfly/transform/message"
)

// JSON is read by its looks, whatever its media type and its charset, on every route alike.
func TestJSONByItsLooks(t *testing.T) {
	t.Parallel()
	wide := func(text string) string {
		out := []byte("\xff\xfe")
		for _, unit := range utf16.Encode([]rune(text)) {
			out = append(out, byte(unit), byte(unit>>8))
		}
		return string(out)
	}
	as := func(text string) string { return text }
	for name, tt := range map[string]struct {
		media string
		write func(string) string
	}{
		"quotes around the charset": {"application/json;charset='utf-8'", as},
		"one word":                  {"json", as},
		"twice":                     {"application/json, application/json", as},
		"twice with parameters":     {"application/json; charset=utf-8, application/json; charset=utf-8", as},
		"a parameter twice":         {"application/json; charset=utf-8; charset=utf-8", as},
		"in quotes":                 {`"application/json"`, as},
		"a typing error":            {"applikation/json", as},
		"an older type":             {"application/x-json", as},
		"XML":                       {"text/xml", as},
		"application XML":           {"application/xml; charset=utf-8", as},
		"text":                      {"text/plain", as},
		"HTML":                      {"text/html", as},
		"bytes":                     {"application/octet-stream", as},
		"CSV":                       {"text/csv", as},
		"a form":                    {"application/x-www-form-urlencoded; charset=utf-8", as},
		"multipart":                 {"multipart/form-data", as},
		"CBOR":                      {"application/cbor", as},
		"MessagePack":               {"application/msgpack", as},
		"not known":                 {"application/x-acme", as},
		"not a type":                {"*/*", as},
		"broken":                    {";;;", as},
		"none":                      {"", as},
		"ASCII as ISO 8859-1":       {"application/json; charset=ISO-8859-1", as},
		"a charset nobody knows":    {"application/json; charset=utf-8mb4", as},
		"US-ASCII":                  {"application/json; charset=us-ascii", as},
		"a NUL behind":              {"application/json", func(s string) string { return s + "\x00" }},
		"a NUL behind bytes":        {"application/octet-stream", func(s string) string { return s + "\x00\r\n" }},
		"a byte order mark":         {"application/json", func(s string) string { return "\xef\xbb\xbf" + s }},
		"UTF-16":                    {"application/json; charset=utf-16", wide},
		"UTF-16 by its mark":        {"application/json", wide},
		"UTF-16 called text":        {"text/plain", wide},
		"UTF-16, nothing said":      {"", wide},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := transform.New()
			request := func(text string) *message.Request {
				return &message.Request{Header: map[string][]string{"Content-Type": {tt.media}}, Body: []byte(tt.write(text))}
			}
			const uplink = `{"end_device_ids":{"device_id":"a"},"uplink_message":{"f_port":2,"decoded_payload":{"t":1}}}`
			for route, read := range map[string]func() (transform.Outcome, error){
				"native": func() (transform.Outcome, error) {
					return tr.Native(request(`{"device":{"deviceId":"a"},"measurements":{"t":1}}`))
				},
				"device": func() (transform.Outcome, error) { return tr.Device(request(`{"t":1}`), "a") },
				"source": func() (transform.Outcome, error) {
					s, err := tr.Source("tts")
					if err != nil {
						return transform.Outcome{}, err
					}
					return s.Map(t.Context(), request(uplink))
				},
				"ingest": func() (transform.Outcome, error) {
					r := request(uplink)
					s, err := tr.Detect(t.Context(), r)
					if err != nil || s == nil {
						return transform.Outcome{}, err
					}
					return s.Map(t.Context(), r)
				},
			} {
				out, err := read()
				if err != nil || len(out.Messages) != 1 || string(out.Messages[0].Body) != `{"t":1}` {
					t.Errorf("%s: got %v, %v", route, out.Messages, err)
				}
			}
		})
	}
}

// What a sender writes in another charset arrives in UTF-8.
func TestCharsets(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for media, body := range map[string]string{
		"application/json; charset=ISO-8859-1":                    "{\"t\":\"\xe9\"}",
		"text/plain; charset=windows-1252":                        "{\"t\":\"\xe9\"}",
		"text/csv; charset=latin1; header=present":                "t\n\xe9\n",
		"application/json; charset=utf-8":                         "{\"t\":\"\u00e9\"}",
		"application/xml; charset=iso-8859-1":                     "<t>\xe9</t>",
		"application/xml":                                         "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><t>\xe9</t>",
		"text/xml; charset=ISO-8859-1":                            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><t>\xe9</t>",
		"application/x-www-form-urlencoded; charset=windows-1252": "t=\xe9",
	} {
		out, err := tr.Device(&message.Request{Header: map[string][]string{"Content-Type": {media}}, Body: []byte(body)}, "a")
		if err != nil || string(out.Messages[0].Body) != `{"t":"\u00e9"}` && string(out.Messages[0].Body) != "{\"t\":\"\u00e9\"}" {
			t.Errorf("%s: got %v, %v", media, out.Messages, err)
		}
	}
	_, err := tr.Device(&message.Request{
		Header: map[string][]string{"Content-Type": {"application/json; charset=shift_jis"}}, Body: []byte("{\"t\":\"\x93\"}"),
	}, "a")
	wantError(t, err, message.Unsupported, []string{"shift_jis"})
	_, err = tr.Device(&message.Request{Body: []byte("{\"t\":\"\xe9\"}")}, "a")
	wantError(t, err, message.Malformed, []string{"not UTF-8"})
}

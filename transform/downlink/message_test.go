package downlink_test

import (
	"encoding/json"
	"testing"

	"mayfly/transform/downlink"
)

func TestPayload(t *testing.T) {
	t.Parallel()
	command := map[string]string{"method-name": "reboot"}
	for name, tt := range map[string]struct {
		message downlink.Message
		want    string
	}{
		"an object":                    {downlink.Message{Body: []byte(`{ "on": true }`)}, `{"on":true}`},
		"a number, digit for digit":    {downlink.Message{Body: []byte("1.230")}, "1.230"},
		"a text":                       {downlink.Message{Body: []byte("on \"now\"")}, `"on \"now\""`},
		"a text that is JSON":          {downlink.Message{Body: []byte(`"on"`)}, `"on"`},
		"not UTF-8":                    {downlink.Message{Body: []byte{0, 0xff}}, `{"base64":"AP8="}`},
		"nothing":                      {downlink.Message{}, "null"},
		"a command without parameters": {downlink.Message{Body: []byte("@"), Properties: command}, "null"},
		"an at sign":                   {downlink.Message{Body: []byte("@")}, `"@"`},
	} {
		if got := string(tt.message.Payload()); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body, port string
		want       string
		fault      bool
	}{
		"bytes":                 {"\x01\xff", "", "\x01\xff", false},
		"text":                  {"on", "", "on", false},
		"a number":              {"12", "", "12", false},
		"half an object":        {"{\x00", "", "{\x00", false},
		"hexadecimal":           {`{"hex":"01 fF:0x"}`, "", "", true},
		"hexadecimal in groups": {`{"hex":"0x01-fF 0a"}`, "", "\x01\xff\n", false},
		"base64":                {`{"base64":"Af8K"}`, "3", "\x01\xff\n", false},
		"base64 for URLs":       {`{"base64":"_-8"}`, "", "\xff\xef", false},
		"broken base64":         {`{"base64":"*"}`, "", "", true},
		"another object":        {`{"on":true}`, "", "", true},
		"hex and more":          {`{"hex":"01","on":true}`, "", "", true},
		"a list":                {`[1]`, "", "", true},
		"port 0":                {"x", "0", "", true},
		"port 256":              {"x", "256", "", true},
		"port in words":         {"x", "two", "", true},
	} {
		m := downlink.Message{Body: []byte(tt.body)}
		if tt.port != "" {
			m.Properties = map[string]string{"fport": tt.port}
		}
		got, err := m.Frame()
		if (err != nil) != tt.fault || !tt.fault && string(got.Bytes) != tt.want {
			t.Errorf("%s: %q %v, want %q", name, got.Bytes, err, tt.want)
		}
		if tt.port == "3" && got.Port != 3 {
			t.Errorf("%s: port %d", name, got.Port)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		properties map[string]string
		want       string
	}{
		{map[string]string{"method-name": "a", "name": "b"}, "a"},
		{map[string]string{"Name": "b", "command": "c"}, "b"},
		{map[string]string{"command": "c"}, "c"},
		{nil, ""},
	} {
		if got := (&downlink.Message{Properties: tt.properties}).Name(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.properties, got, tt.want)
		}
	}
}

// What a message holds becomes JSON and bytes, whatever it is.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"hex":"01"}`), "2")
	f.Add([]byte("@"), "")
	f.Fuzz(func(t *testing.T, body []byte, port string) {
		m := downlink.Message{Body: body, Properties: map[string]string{"fport": port, "method-name": "x"}}
		if !json.Valid(m.Payload()) {
			t.Errorf("%q: %s", body, m.Payload())
		}
		if got, err := m.Frame(); err == nil && (len(got.Bytes) > len(body) || got.Port < 0 || got.Port > 255) {
			t.Errorf("%q: %+v", body, got)
		}
	})
}

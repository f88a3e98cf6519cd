package downlink_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mayfly/transform/answer"
	"mayfly/transform/downlink"
	"mayfly/transform/mapping"
)

func TestExactly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body  string
		n     int
		want  string // hexadecimal
		fault string
	}{
		"any number":           {"abc", 0, "616263", ""},
		"bytes":                {"\x00\x01\x02\x03\x04\x05\x06\xff", 8, "00010203040506ff", ""},
		"hexadecimal":          {"00010203040506FF", 8, "00010203040506ff", ""},
		"hexadecimal, a value": {`"00010203040506FF"`, 8, "00010203040506ff", ""},
		"hexadecimal, grouped": {"00 01 02 03 04 05 06 ff\n", 8, "00010203040506ff", ""},
		"eight characters":     {"01020304", 8, "3031303230333034", ""},
		"nine bytes":           {"123456789", 8, "", "has 9 bytes"},
		"one":                  {"1", 8, "", "has 1 byte;"},
		"nothing":              {"", 8, "", "has 0 bytes"},
		"64 KiB":               {strings.Repeat("0", 64<<10), 8, "", "has 65536 bytes"},
	} {
		f, err := (&downlink.Message{Body: []byte(tt.body)}).Frame()
		if err != nil {
			t.Fatal(err)
		}
		f, err = f.Exactly(tt.n)
		if tt.fault != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if got := hex.EncodeToString(f.Bytes); err != nil || got != tt.want {
			t.Errorf("%s: %s %v, want %s", name, got, err, tt.want)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	with := answer.Reply{Text: mapping.Expr{Text: "."}}
	for name, tt := range map[string]struct {
		spec downlink.Settings
		want string
	}{
		"nothing":                 {downlink.Settings{}, ""},
		"an answer":               {downlink.Settings{Answer: with, Max: 50, Bytes: 8, Every: time.Minute}, ""},
		"a negative time":         {downlink.Settings{Answer: with, Every: -1}, "downlink.every"},
		"a week":                  {downlink.Settings{Answer: with, Every: 168 * time.Hour}, "downlink.every"},
		"more than a hub keeps":   {downlink.Settings{Answer: with, Max: 51}, "downlink.max"},
		"when, without an answer": {downlink.Settings{When: mapping.Expr{Text: "true"}}, "downlink.answer"},
	} {
		got := ""
		tt.spec.Check(func(field, _ string) { got = field })
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	m := downlink.Message{ID: "m", Sequence: 1<<64 - 1, CorrelationID: "c", Body: []byte(`{"on":1.50}`),
		Properties: map[string]string{"method-name": "set"}}
	text, err := json.Marshal(m.Value(downlink.Frame{Bytes: []byte{1, 255}, Port: 2}))
	const want = `{"base64":"Af8=","correlationId":"c","hex":"01ff","id":"m","name":"set","payload":{"on":1.50},"port":2,` +
		`"properties":{"method-name":"set"},"sequence":18446744073709551615}`
	if err != nil || string(text) != want {
		t.Errorf("%s %v", text, err)
	}
}

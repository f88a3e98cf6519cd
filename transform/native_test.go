package transform_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

func TestNative(t *testing.T) {
	t.Parallel()
	at := time.Date(2020, 6, 8, 20, 16, 54, 602e6, time.UTC)
	msg := func(id, body string, change ...func(*message.Message)) message.Message {
		m := message.Message{DeviceID: id, Body: []byte(body)}
		for _, c := range change {
			c(&m)
		}
		return m
	}
	tests := []struct {
		name, body string
		want       []message.Message
	}{
		{"object", `{"device":{"deviceId":"a-1"},"measurements":{"temp":20.31}}`, []message.Message{msg("a-1", `{"temp":20.31}`)}},
		{"every digit", `{"device":{"deviceId":"a"},"measurements":{"i":9007199254740993,"e":1e400,"d":0.1000,"z":-0.0,"u":"\u00e9"}}`,
			[]message.Message{msg("a", `{"i":9007199254740993,"e":1e400,"d":0.1000,"z":-0.0,"u":"\u00e9"}`)}},
		{"white space inside stays", "{\"device\":{\"deviceId\":\"a\"},\"measurements\": { \"t\" :\n1 } }", []message.Message{msg("a", "{ \"t\" :\n1 }")}},
		{"model and time", `{"device":{"deviceId":"a","modelId":"dtmi:x:Y;1"},"measurements":{},"timestamp":"2020-06-08T20:16:54.602Z"}`,
			[]message.Message{msg("a", `{}`, func(m *message.Message) { m.ModelID, m.Time = "dtmi:x:Y;1", at })}},
		{"model beside the device, as the bridge's README had it", `{"device":{"deviceId":"a"},"modelId":"dtmi:x:Y;1","measurements":{}}`,
			[]message.Message{msg("a", `{}`, func(m *message.Message) { m.ModelID = "dtmi:x:Y;1" })}},
		{"everything", `{"device":{"deviceId":"a","gatewayId":"gw"},"measurements":{"t":1},"timestamp":1591647414602,"component":"sensor1",
			"messageId":"m-1","properties":{"unit":"C","n":1.50,"ok":true,"gone":null}}`,
			[]message.Message{msg("a", `{"t":1}`, func(m *message.Message) {
				m.GatewayID, m.Time, m.Component, m.MessageID = "gw", at, "sensor1", "m-1"
				m.Properties = map[string]string{"unit": "C", "n": "1.50", "ok": "true"}
			})}},
		{"nulls are absent", `{"device":{"deviceId":"a","modelId":null},"measurements":{"t":null},"timestamp":null,"component":null,"properties":null}`,
			[]message.Message{msg("a", `{"t":null}`)}},
		{"four models, the last one counts", `{"device":{"deviceId":"a","modelId":"dtmi:x:A;1","modelId":"dtmi:x:B;1","modelId":"dtmi:x:C;1","modelId":""},"measurements":{}}`,
			[]message.Message{msg("a", `{}`)}},
		{"four gateways, the last one counts", `{"device":{"deviceId":"a","gatewayId":"g1","gatewayId":"g2","gatewayId":"g3","gatewayId":"g4"},"measurements":{}}`,
			[]message.Message{msg("a", `{}`, func(m *message.Message) { m.GatewayID = "g4" })}},
		{"unknown members", `{"device":{"deviceId":"a","x":1},"measurements":{"t":1},"y":{"z":[]}}`, []message.Message{msg("a", `{"t":1}`)}},
		{"array", `[{"device":{"deviceId":"a"},"measurements":{"t":1}}, {"device":{"deviceId":"b"},"measurements":{"t":2}}]`,
			[]message.Message{msg("a", `{"t":1}`), msg("b", `{"t":2}`)}},
		{"NDJSON", "{\"device\":{\"deviceId\":\"a\"},\"measurements\":{\"t\":1}}\n\n{\"device\":{\"deviceId\":\"b\"},\"measurements\":{\"t\":2}}\r\n",
			[]message.Message{msg("a", `{"t":1}`), msg("b", `{"t":2}`)}},
		{"byte order mark", "\xef\xbb\xbf{\"device\":{\"deviceId\":\"a\"},\"measurements\":{}}", []message.Message{msg("a", `{}`)}},
		{"longest id", `{"device":{"deviceId":"` + strings.Repeat("a", 128) + `"},"measurements":{}}`, []message.Message{msg(strings.Repeat("a", 128), `{}`)}},
		{"all signs of an id", `{"device":{"deviceId":"A-1._:z-"},"measurements":{}}`, []message.Message{msg("A-1._:z-", `{}`)}},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := tr.Native(&message.Request{Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.Messages); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTimestamps(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, json, want string }{
		{"UTC", `"2020-06-08T20:16:54.602Z"`, "2020-06-08T20:16:54.602Z"},
		{"offset", `"2020-06-08T13:16:54-07:00"`, "2020-06-08T20:16:54Z"},
		{"nanoseconds", `"2020-06-08T20:16:54.123456789Z"`, "2020-06-08T20:16:54.123456789Z"},
		{"lower case", `"2020-06-08t20:16:54z"`, "2020-06-08T20:16:54Z"},
		{"space", `"2020-06-08 20:16:54Z"`, "2020-06-08T20:16:54Z"},
		{"leap second", `"2016-12-31T23:59:60Z"`, "2017-01-01T00:00:00Z"},
		{"seconds", `1591647414`, "2020-06-08T20:16:54Z"},
		{"fractions of seconds", `1591647414.602`, "2020-06-08T20:16:54.602Z"},
		{"milliseconds", `1591647414602`, "2020-06-08T20:16:54.602Z"},
		{"exponent", `1.591647414602e12`, "2020-06-08T20:16:54.602Z"},
		{"seconds in a string", `"1591647414"`, "2020-06-08T20:16:54Z"},
		{"words", `"yesterday"`, ""},
		{"no zone", `"2020-06-08T20:16:54"`, "2020-06-08T20:16:54Z"},
		{"date only", `"2020-06-08"`, "2020-06-08T00:00:00Z"},
		{"HTTP date", `"Mon, 08 Jun 2020 20:16:54 GMT"`, "2020-06-08T20:16:54Z"},
		{"escaped plus", `"2020-06-08T22:16:54\u002B02:00"`, "2020-06-08T20:16:54Z"},
		{"no such day", `"2020-02-30T00:00:00Z"`, ""},
		{"nanoseconds since 1970", `1591647414602000000`, "2020-06-08T20:16:54.602Z"},
		{"microseconds since 1970", `1591647414602000`, "2020-06-08T20:16:54.602Z"},
		{"endless", `1e400`, ""},
		{"boolean", `true`, ""},
		{"object", `{}`, ""},
		{"empty", `""`, "0001-01-01T00:00:00Z"},
		{"blank", `" "`, "0001-01-01T00:00:00Z"},
		{"null", `null`, "0001-01-01T00:00:00Z"},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := tr.Native(&message.Request{Body: []byte(`{"device":{"deviceId":"a"},"measurements":{},"timestamp":` + tt.json + `}`)})
			if tt.want == "" {
				wantError(t, err, message.Invalid, []string{"timestamp"})
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if text := out.Messages[0].Time.Format(time.RFC3339Nano); text != tt.want {
				t.Errorf("%s, want %s", text, tt.want)
			}
		})
	}
}

func TestNativeFieldErrors(t *testing.T) {
	t.Parallel()
	type at = map[string]string // path: rule
	tests := []struct {
		name, body string
		want       at
	}{
		{"nothing", `{}`, at{"device.deviceId": "required", "measurements": "required"}},
		{"no device object", `{"deviceId":"a","measurements":{"t":1}}`, at{"device.deviceId": "required"}},
		{"all at once", `{"device":{"deviceId":"a b","modelId":"urn:x"},"measurements":[1],"timestamp":"noon","component":"_x","messageId":"a b"}`,
			at{"device.deviceId": "deviceid", "device.modelId": "dtmi", "measurements": "object", "timestamp": "timestamp", "component": "name", "messageId": "messageid"}},
		{"number for an id", `{"device":{"deviceId":7},"measurements":{}}`, at{"device.deviceId": "type"}},
		{"text for a device", `{"device":"a","measurements":{}}`, at{"device": "type", "device.deviceId": "required"}},
		{"id ends in a dot", `{"device":{"deviceId":"a."},"measurements":{}}`, at{"device.deviceId": "deviceid"}},
		{"id too long", `{"device":{"deviceId":"` + strings.Repeat("a", 129) + `"},"measurements":{}}`, at{"device.deviceId": "deviceid"}},
		{"id climbs the path", `{"device":{"deviceId":"../../b"},"measurements":{}}`, at{"device.deviceId": "deviceid"}},
		{"id with a line break", `{"device":{"deviceId":"a\n"},"measurements":{}}`, at{"device.deviceId": "deviceid"}},
		{"null measurements", `{"device":{"deviceId":"a"},"measurements":null}`, at{"measurements": "required"}},
		{"measurements in text", `{"device":{"deviceId":"a"},"measurements":"{}"}`, at{"measurements": "object"}},
		{"property of an object", `{"device":{"deviceId":"a"},"measurements":{},"properties":{"p":{}}}`, at{"properties.p": "property"}},
		{"property name", `{"device":{"deviceId":"a"},"measurements":{},"properties":{"a b":1}}`, at{"properties.a b": "property"}},
		{"property that timestamp says", `{"device":{"deviceId":"a"},"measurements":{},"properties":{"iothub-creation-time-utc":"x","$.sub":"y"}}`, at{"properties.iothub-creation-time-utc": "property", "properties.$.sub": "property"}},
		{"property that component says, in capitals", `{"device":{"deviceId":"a"},"measurements":{},"properties":{"$.SUB":"y"}}`,
			at{"properties.$.SUB": "property"}},
		{"properties that differ in case", `{"device":{"deviceId":"a"},"measurements":{},"properties":{"rssi":1,"Rssi":2}}`,
			at{"properties.rssi": "property"}},
		{"second of an array", `[{"device":{"deviceId":"a"},"measurements":{}},{"device":{"deviceId":""},"measurements":{}}]`, at{"[1].device.deviceId": "required"}},
		{"array of numbers", `[1,2]`, at{"[0]": "object", "[1]": "object"}},
		{"text", `"hello"`, at{"": "object"}},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tr.Native(&message.Request{Body: []byte(tt.body)})
			wantError(t, err, message.Invalid, nil)
			var bad *message.Error
			errors.As(err, &bad)
			got := at{}
			for _, f := range bad.Fields {
				got[f.Path] = f.Rule
				if f.Hint == "" {
					t.Errorf("%s: no hint", f.Path)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("field errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNativeMalformed(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100_000)
	tests := []struct {
		name, body string
		says       []string
	}{
		{"empty", "", []string{"empty"}},
		{"white space", " \n\t", []string{"empty"}},
		{"truncated", `{"device":{"deviceId":"a"},"measure`, []string{"offset 35", "unexpected end"}},
		{"second line", "{\"device\":{\"deviceId\":\"a\"},\n\"measurements\":{,}}", []string{"line 2, column 17"}},
		{"second message", "{\"device\":{\"deviceId\":\"a\"},\"measurements\":{}}\n{oops}", []string{"line 2, column 2"}},
		{"text after the array", `[] x`, []string{"offset 3"}},
		{"not UTF-8", "{\"device\":{\"deviceId\":\"a\"},\"measurements\":{\"t\":\"\xc3\x28\"}}", []string{"not UTF-8"}},
		{"deep", deep, []string{"nested deeper"}},
		{"deep inside", `{"device":{"deviceId":"a"},"measurements":{"x":` + deep, []string{"nested deeper"}},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tr.Native(&message.Request{Body: []byte(tt.body)})
			wantError(t, err, message.Malformed, tt.says)
		})
	}
}

func TestNativeMediaTypes(t *testing.T) {
	t.Parallel()
	const body = `{"device":{"deviceId":"a"},"measurements":{}}`
	tests := []struct {
		name, media, body string
		ok                bool
	}{
		{"JSON", "application/json", body, true},
		{"with charset", "application/json; charset=UTF-8", body, true},
		{"CloudEvents and the like", "application/vnd.x+json", body, true},
		{"NDJSON", "application/x-ndjson", body, true},
		{"none", "", body, true},
		{"curl's default", "application/x-www-form-urlencoded", body, true},
		{"text", "text/plain", body, true},
		{"upper case", "Application/JSON", body, true},
		{"broken parameters", "application/json; charset", body, true},
		{"a form", "application/x-www-form-urlencoded", "device=a&t=1", false},
		{"a picture", "image/png", body, false},
		{"UTF-8 called UTF-16", "application/json; charset=utf-16", body, true},
		{"another charset", "application/json; charset=shift_jis", "{\"device\":{\"deviceId\":\"a\x93\"}}", false},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &message.Request{Body: []byte(tt.body)}
			if tt.media != "" {
				r.Header = map[string][]string{"Content-Type": {tt.media}}
			}
			_, err := tr.Native(r)
			if tt.ok && err != nil {
				t.Fatal(err)
			}
			if !tt.ok {
				wantError(t, err, message.Unsupported, nil)
			}
		})
	}
}

func FuzzNative(f *testing.F) {
	for _, seed := range []string{
		`{"device":{"deviceId":"a","modelId":"dtmi:x:Y;1"},"measurements":{"t":1e400},"timestamp":1591647414602,"properties":{"a":1}}`,
		`[{"device":{"deviceId":"a"},"measurements":{}}]`, "{}\n{}", `[[[[`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	tr := transform.New()
	f.Fuzz(func(t *testing.T, body []byte) {
		out, err := tr.Native(&message.Request{Body: body})
		checkOutcome(t, out.Messages, err)
	})
}

// checkOutcome holds for every body: a typed error or valid messages, never
// both, never neither without a reason.
func checkOutcome(t *testing.T, messages []message.Message, err error) {
	t.Helper()
	var bad *message.Error
	if err != nil && !errors.As(err, &bad) {
		t.Fatalf("an error without a kind: %v", err)
	}
	if err != nil && len(messages) > 0 {
		t.Fatal("messages beside an error")
	}
	for _, m := range messages {
		if !message.ValidDeviceID(m.DeviceID) {
			t.Errorf("device id %q", m.DeviceID)
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(m.Body, &object) != nil {
			t.Errorf("body %q is no JSON object", m.Body)
		}
		if y := m.Time.Year(); y < 0 || y > 9999 {
			t.Errorf("time %v", m.Time)
		}
	}
}

func BenchmarkNative(b *testing.B) {
	tr := transform.New()
	r := &message.Request{Body: []byte(`{"device":{"deviceId":"my-cloud-device"},"measurements":{"temp":20.31,"pressure":50,"humidity":8.5,"ledColor":"blue"}}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tr.Native(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTTS(b *testing.B) {
	source, err := transform.New().Source("tts")
	if err != nil {
		b.Fatal(err)
	}
	r := &message.Request{Body: []byte(source.Samples[0].Request.Body)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := source.Map(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// A sensor that gives no number costs its own measurement only, on every route.
func TestNotFinite(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	out, err := tr.Native(&message.Request{Body: []byte(
		`[{"device":{"deviceId":"a"},"measurements":{"t":nan,"h":48}},{"device":{"deviceId":"b"},"measurements":{"t":1,"h":-Infinity}}]`)})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`{"h":48}`, `{"t":1}`} {
		if got := string(out.Messages[i].Body); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	want := []transform.Note{
		{Kind: transform.NoteLeftOut, Text: "[0].measurements.t is nan and was left out"},
		{Kind: transform.NoteLeftOut, Text: "[1].measurements.h is -Infinity and was left out"},
	}
	if diff := cmp.Diff(want, out.Notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	form := &message.Request{Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte("t=nan&h=48")}
	out, err = tr.Device(form, "a")
	if err != nil || string(out.Messages[0].Body) != `{"h":48}` || len(out.Notes) != 1 {
		t.Errorf("got %v, %v", out, err)
	}
}

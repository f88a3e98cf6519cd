package transform_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// body makes a request of a media type and a body.
func body(media, text string) *message.Request {
	return &message.Request{Header: map[string][]string{"Content-Type": {media}}, Query: map[string][]string{}, Body: []byte(text)}
}

func TestDevice(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	out, err := tr.Device(&message.Request{
		Query: map[string][]string{"timestamp": {"1591647414"}, "modelId": {"dtmi:x:Y;1"}, "component": {"c"}},
		Body:  []byte(`[{"t":1.0},{"t":2}]`),
	}, "a-1")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1591647414, 0).UTC()
	want := []message.Message{
		{DeviceID: "a-1", ModelID: "dtmi:x:Y;1", Component: "c", Time: at, Body: []byte(`{"t":1.0}`)},
		{DeviceID: "a-1", ModelID: "dtmi:x:Y;1", Component: "c", Time: at, Body: []byte(`{"t":2}`)},
	}
	if diff := cmp.Diff(want, out.Messages); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct {
		id, body, query string
	}{
		"id":                   {"a b", `{}`, ""},
		"scalar":               {"a", `5`, ""},
		"scalar in an array":   {"a", `[{},5]`, ""},
		"time":                 {"a", `{}`, "noon"},
		"empty array":          {"a", `[]`, ""},
		"one id for two parts": {"a", "{}\n{}", "id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &message.Request{Body: []byte(tt.body), Query: map[string][]string{}}
			switch tt.query {
			case "noon":
				r.Query["timestamp"] = []string{"noon"}
			case "id":
				r.Query["messageId"] = []string{"m"}
			}
			_, err := tr.Device(r, tt.id)
			wantError(t, err, message.Invalid, nil)
		})
	}
}

func TestDeviceMediaTypes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, media, body string
		want              []string
	}{
		{"form", "application/x-www-form-urlencoded", "temp=21.50&id=007&on=true&t=a", []string{`{"id":"007","on":true,"t":"a","temp":21.50}`}},
		{"CSV", "text/csv", "temp,hum\n21.5,48\n22,\n", []string{`{"hum":48,"temp":21.5}`, `{"temp":22}`}},
		{"CBOR", "application/cbor", "\xa1\x61\x74\xf9\x4d\x60", []string{`{"t":21.5}`}},
		{"CBOR, two", "application/cbor", "\x82\xa1\x61\x74\x01\xa1\x61\x74\x02", []string{`{"t":1}`, `{"t":2}`}},
		{"MessagePack", "application/msgpack", "\x81\xa1\x74\x01", []string{`{"t":1}`}},
		{"SenML", "application/senml+json", `[{"bn":"urn:dev:1:","bt":1700000000,"n":"temp","v":21.50},{"n":"hum","v":48},{"n":"temp","t":60,"v":22}]`,
			[]string{`{"hum":48,"temp":21.50}@2023-11-14T22:13:20Z`, `{"temp":22}@2023-11-14T22:14:20Z`}},
		{"SenML told apart by units", "application/senml+json", `[{"bn":"urn:dev:1","bu":"%RH","v":20},{"u":"lon","v":24.3},{"u":"lat","v":60.1}]`, []string{`{"%RH":20,"lat":60.1,"lon":24.3}`}},
		{"XML", "application/xml", `<t><temp>21.5</temp></t>`, []string{`{"t":{"temp":"21.5"}}`}},
		{"JSON as it is", "application/json", `{"t": 1.0 }`, []string{`{"t": 1.0 }`}},
	}
	tr := transform.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := tr.Device(body(tt.media, tt.body), "a")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range out.Messages {
				text := string(m.Body)
				if !m.Time.IsZero() {
					text += "@" + m.Time.Format(time.RFC3339Nano)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	_, err := tr.Device(body("text/csv", "1,2\n"), "a")
	wantError(t, err, message.Invalid, []string{"?columns="})
	_, err = tr.Device(body("text/plain", "21.5"), "a")
	wantError(t, err, message.Unsupported, nil)
}

func FuzzDevice(f *testing.F) {
	f.Add("application/senml+json", []byte(`[{"bn":"d","bt":1e9,"n":"t","t":-5,"v":1.5}]`))
	f.Add("text/csv", []byte("a;b\n1,5;2"))
	tr := transform.New()
	f.Fuzz(func(t *testing.T, media string, text []byte) {
		out, err := tr.Device(body(media, string(text)), "a")
		checkOutcome(t, out.Messages, err)
	})
}

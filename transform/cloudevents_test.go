package transform_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// The same data means the same in every mode of CloudEvents, with a codec and without.
func TestCloudEventModes(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	err := tr.Add("mayfly.yaml", []transform.Definition{{Name: "events-with-codec", From: "cloudevents", Codec: "cayenne"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ source, media, data, want string }{
		"bytes":                 {"cloudevents", "application/octet-stream", "\x01\x02\xff", `{"payload":"0102ff"}`},
		"bytes of no type":      {"cloudevents", "", "\x03\x67\x01\x10", `{"payload":"03670110"}`},
		"bytes of another type": {"cloudevents", "application/x-acme", "\x03\x67\x01\x10", `{"payload":"03670110"}`},
		"bytes with a codec":    {"events-with-codec", "application/octet-stream", "\x03\x67\x01\x10", `{"temperature_3":27.2}`},
		"JSON":                  {"cloudevents", "application/json", `{"bar":2.50}`, `{"bar":2.50}`},
		"JSON called bytes":     {"cloudevents", "application/octet-stream", `{"bar":2.50}`, `{"bar":2.50}`},
		"JSON with a codec":     {"events-with-codec", "application/json", `{"bar":2.50}`, `{"bar":2.50}`},
		"text":                  {"cloudevents", "text/plain", "on", `{"value":"on"}`},
		"CBOR":                  {"cloudevents", "application/cbor", "\xa1\x61t\x05", `{"t":5}`},
		"XML":                   {"cloudevents", "application/xml", "<t><v>5</v></t>", `{"t":{"v":"5"}}`},
	} {
		encoded := base64.StdEncoding.EncodeToString([]byte(tt.data))
		event := `{"specversion":"1.0","type":"t","source":"/devices/a","id":"1","data_base64":"` + encoded + `"}`
		if tt.media != "" {
			event = strings.Replace(event, `"id"`, `"datacontenttype":"`+tt.media+`","id"`, 1)
		}
		binary := map[string][]string{
			"Ce-Specversion": {"1.0"}, "Ce-Type": {"t"}, "Ce-Source": {"/devices/a"}, "Ce-Id": {"1"}, "Content-Type": {tt.media},
		}
		structured := func(media string) map[string][]string { return map[string][]string{"Content-Type": {media}} }
		for mode, r := range map[string]*message.Request{
			"binary":           {Header: binary, Body: []byte(tt.data)},
			"structured":       {Header: structured("application/cloudevents+json; charset=utf-8"), Body: []byte(event)},
			"structured, JSON": {Header: structured("application/json"), Body: []byte(event)},
			"batch":            {Header: structured("application/cloudevents-batch+json"), Body: []byte("[" + event + "]")},
		} {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				source, err := tr.Source(tt.source)
				if err != nil {
					t.Fatal(err)
				}
				out, err := source.Map(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				want := []message.Message{{DeviceID: "a", MessageID: "1", Body: []byte(tt.want), Properties: map[string]string{"source": "/devices/a", "type": "t"}}}
				if diff := cmp.Diff(want, out.Messages); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

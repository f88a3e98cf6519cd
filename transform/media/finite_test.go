package media_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/media"
)

// What is not a number is left out, and told.
func TestDecodeNotFinite(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		media, body string
		format      media.Format
		want        string
		notes       []string
	}{
		"JSON":        {"application/json", `{"t":NaN,"h":48}`, "", `{"h":48}`, []string{"t is NaN and was left out"}},
		"JSON, texts": {"application/json", `{"t":"NaN"}`, "", `{"t":"NaN"}`, nil},
		"NDJSON":      {"application/x-ndjson", "{\"t\":1}\n{\"t\":-inf}", "", `[{"t":1},{}]`, []string{"[1].t is -inf and was left out"}},
		"CBOR":        {"application/cbor", "\xa2\x61t\xf9\x7e\x00\x61h\x18\x30", "", `{"h":48}`, []string{"t is NaN and was left out"}},
		"MessagePack": {"application/msgpack", "\x82\xa1t\xca\xff\x80\x00\x00\xa1h\x30", "", `{"h":48}`, []string{"t is -Inf and was left out"}},
		"CSV":         {"text/csv", "t,h\nnan,48\n", "", `[{"h":48}]`, []string{"t is nan and was left out"}},
		"CSV, bare":   {"text/csv; header=absent", "1,nan,48\n", "", `[[1,null,48]]`, []string{"cell 2 is nan and was left out"}},
		"SenML":       {"application/senml+json", `[{"n":"t","v":nan},{"n":"h","v":48}]`, "", `[{"n":"h","v":48}]`, []string{"[0].v is nan and was left out"}},
		"CloudEvent":  {"application/cloudevents+json", `{"id":"1","data":{"t":NaN,"h":48}}`, "", `{"id":"1","data":{"h":48}}`, []string{"data.t is NaN and was left out"}},
		"influx":      {"text/plain", "m t=nan,h=48\n", media.FormatInflux, `[{"measurement":"m","tags":{},"fields":{"h":48}}]`, []string{"t is nan and was left out"}},
		"OTLP":        {"application/json", `{"a":{"asDouble":Infinity}}`, media.FormatOTLP, `{"a":{}}`, []string{"a.asDouble is Infinity and was left out"}},
		"many": {
			"application/json", `{"t":[1,nan,nan,nan,nan,nan,nan,nan,nan,nan,nan,nan,nan]}`, "", `{"t":[1]}`,
			[]string{
				"t[1] is nan and was left out", "t[2] is nan and was left out", "t[3] is nan and was left out", "t[4] is nan and was left out",
				"t[5] is nan and was left out", "t[6] is nan and was left out", "t[7] is nan and was left out", "t[8] is nan and was left out",
				"t[9] is nan and was left out", "t[10] is nan and was left out", "2 more values were left out",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var notes media.Notes
			got, err := media.Decode(request(tt.media, tt.body), media.Reading{Format: tt.format, Notes: &notes})
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, tt.want, got)
			if diff := cmp.Diff(tt.notes, notes.Texts()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{`{"t":NaN`, `nan`, `{"t":NaN,"h":nope}`, `{"t":nan nan}`} {
		_, err := media.Decode(request("application/json", body), media.Reading{})
		wantKind(t, err)
	}
}

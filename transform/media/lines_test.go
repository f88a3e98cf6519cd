package media_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/media"
	"mayfly/transform/media/lines"
	"mayfly/transform/message"
)

// A line that cannot be read is named, and does not cost the others.
func TestBadLines(t *testing.T) {
	t.Parallel()
	const csv, ndjson, text = "text/csv", "application/x-ndjson", "text/plain"
	tests := []struct {
		name, media, body string
		format            media.Format
		want              string   // the good lines as JSON
		bad               []string // number of the line, values before it, what is wrong
	}{
		{"NDJSON", ndjson, "{\"n\":1}\n{\"n\":\n\n{\"n\":3}\n", "", `[{"n":1},{"n":3}]`, []string{"2 1 line 2, column 6 (offset 13): unexpected end"}},
		{"NDJSON, the first line", ndjson, "x\n{\"n\":2}", "", `[{"n":2}]`, []string{"1 0 line 1, column 1 (offset 0): invalid character 'x'"}},
		{"NDJSON, two values and an array in a line", ndjson, "{\"n\":1}\n{} {}\n{\n[1]\n", "", `[{"n":1},{},{},[1]]`,
			[]string{"3 3 line 3"}},
		{"NDJSON, a line of other bytes", ndjson, "{\"n\":1}\n{\"n\":\"\xff\"}\n", "", `[{"n":1}]`, []string{"2 1 line 2"}},
		{"lines that are declared to be JSON", "application/json", "{\"n\":1}\r\n  {\"n\":}\r\n{\"n\":3}", "", `[{"n":1},{"n":3}]`,
			[]string{"2 1 line 2, column 8 (offset 16): invalid character '}'"}},
		{"InfluxDB", text, "m a=1\n\n# n\nm a\nm a=3 99999999999999999999\nm b=4i\n", media.FormatInflux,
			`[{"measurement":"m","tags":{},"fields":{"a":1}},{"measurement":"m","tags":{},"fields":{"b":4}}]`,
			[]string{"4 1 line 4, column 4: want '='", "5 1 line 5: invalid timestamp"}},
		{"InfluxDB, other bytes", text, "m a=1\nm,t=\xff a=2\nm a=3", media.FormatInflux,
			`[{"measurement":"m","tags":{},"fields":{"a":1}},{"measurement":"m","tags":{},"fields":{"a":3}}]`, []string{"2 1 line 2"}},
		{"CSV, too many cells", csv, "a,b\n1,2\n1,2,3\n4,5\n", "", `[{"a":1,"b":2},{"a":4,"b":5}]`, []string{"3 1 line 3"}},
		{"CSV, a quote that is never closed", csv, "a,b\n1,x\n2,\"y\n3,z\n4,\"q\"\n", "", `[{"a":1,"b":"x"},{"a":3,"b":"z"},{"a":4,"b":"q"}]`,
			[]string{"3 1 line 3"}},
		{"CSV, a bare quote", csv, "a,b\n\n1,x\n2,y\"y\n3,z\n", "", `[{"a":1,"b":"x"},{"a":3,"b":"z"}]`, []string{"4 1 line 4"}},
		{"CSV, several", csv, "a,b\n1,\"x\ny\"\n2,\"y\n3,\"z\n4,4,4\n5,\xff\n6,w\n", "", `[{"a":1,"b":"x\ny"},{"a":6,"b":"w"}]`,
			[]string{"4 1 line 4", "5 1 line 5", "6 1 line 6", "7 1 line 7: not UTF-8"}},
		{"CSV, other bytes", csv, "a,b\n1,\xff\n2,x\n", "", `[{"a":2,"b":"x"}]`, []string{"2 0 line 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			notes := media.Notes{Collector: lines.Collector{SkipLines: true}}
			got, err := media.Decode(request(tt.media, tt.body), media.Reading{Format: tt.format, Notes: &notes})
			if err != nil {
				t.Fatal(err)
			}
			var want any
			decoder := json.NewDecoder(strings.NewReader(tt.want))
			decoder.UseNumber()
			if err := decoder.Decode(&want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(notes.Bad) != len(tt.bad) {
				t.Fatalf("%v, want %v", notes.Bad, tt.bad)
			}
			for i, b := range notes.Bad {
				if text := fmt.Sprintf("%d %d %s", b.Line, b.Before, b.Err.Detail); !strings.HasPrefix(text, tt.bad[i]) {
					t.Errorf("%s, want %s", text, tt.bad[i])
				}
			}
		})
	}
}

// A body of which no line can be read is an error, as is one that is not lines at all.
func TestNoGoodLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, media, body string
		format            media.Format
		want              string
	}{
		{"NDJSON", "application/x-ndjson", "{\"n\":\n{\"m\":\n", "", "line 1"},
		{"InfluxDB", "text/plain", "m\nm a=\n", media.FormatInflux, "line 1"},
		{"CSV", "text/csv; header=absent", "\"a\n", "", "line 1"},
		{"JSON over several lines", "application/json", "{\n\"a\": 1,\n\"b\": [\n{}\n],\n}\n", "", "line 6"},
		{"an array over several lines", "application/json", "[\n{\"a\":1},\n{\"a\":2}\n", "", "line"},
		{"an object cut off", "application/json", "{\"items\":[{\"a\":1},\n{\"b\":2}\n", "", "line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			notes := media.Notes{Collector: lines.Collector{SkipLines: true}}
			_, err := media.Decode(request(tt.media, tt.body), media.Reading{Format: tt.format, Notes: &notes})
			wantDecodeError(t, err, message.Malformed, []string{tt.want})
		})
	}
}

// What can be read as a whole is read the same way when bad lines may be left out.
func FuzzBadLines(f *testing.F) {
	formats := []media.Format{media.FormatNDJSON, media.FormatJSON, media.FormatCSV, media.FormatInflux}
	for i, body := range []string{"{\"a\":1}\n{", "{}\n{\"a\":2}", "a,b\n1,\"2\n3,4", "m a=1\nm\nm b=2 17"} {
		f.Add(i, []byte(body))
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		format := formats[uint(which)%uint(len(formats))]
		want, strict := media.Decode(&message.Request{Body: body}, media.Reading{Format: format})
		notes := media.Notes{Collector: lines.Collector{SkipLines: true}}
		got, err := media.Decode(&message.Request{Body: body}, media.Reading{Format: format, Notes: &notes})
		if strict == nil && (err != nil || len(notes.Bad) > 0 || !cmp.Equal(want, got)) {
			t.Errorf("%v, %v; %v is read as %v", err, notes.Bad, want, got)
		}
		if strict != nil && err == nil && len(notes.Bad) == 0 {
			t.Errorf("nothing is told of %v", strict)
		}
		for _, b := range notes.Bad {
			if b.Line < 1 || b.Err == nil || b.Err.Kind != message.Malformed {
				t.Errorf("%+v", b)
			}
		}
	})
}

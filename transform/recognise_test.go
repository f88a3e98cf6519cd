package transform_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// What a source ignores has a reason, for the log: bounded, and nothing but the
// name of an event.
func TestIgnoreReasons(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, ignore, body string
		ignored            int
		want               []string
	}{
		{"true", ".kind != null", `[{"kind":"x"}]`, 1, []string{"not telemetry"}},
		{"a text", ".kind", `[{"kind":"join"}]`, 1, []string{"join"}},
		{"each once", ".kind", `[{"kind":"join"},{"kind":"ack"},{"kind":"join"}]`, 3, []string{"join", "ack"}},
		{"an empty text", ".kind", `[{"kind":""}]`, 1, []string{"not telemetry"}},
		{"long, with other characters", ".kind", `[{"kind":"a\nb<\"é` + strings.Repeat("x", 100) + `"}]`, 1,
			[]string{"ab" + strings.Repeat("x", 38)}},
		{"nothing ignored", ".kind", `[{"id":"a","v":1}]`, 0, nil},
		{"very many", ".kind", `[` + strings.Repeat(`{"kind":"a"},`, 20) + `{"kind":"b"}]`, 21, []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := transform.New()
			list := definitions(t, "sources:\n  - {name: mine, each: '.[]', envelope: has(\"kind\") or has(\"id\"), ignore: "+tt.ignore+", deviceId: .id, measurements: .}\n")
			if err := tr.Add("my.yaml", list, fstest.MapFS{}); err != nil {
				t.Fatal(err)
			}
			source, err := tr.Source("mine")
			if err != nil {
				t.Fatal(err)
			}
			out, err := source.Map(t.Context(), &message.Request{Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.Reasons); diff != "" || out.Ignored != tt.ignored {
				t.Errorf("%d ignored, want %d; reasons (-want +got):\n%s", out.Ignored, tt.ignored, diff)
			}
		})
	}
}

package trial_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/function"
	"mayfly/transform/message"
)

const configuration = `templates: [meter.json]
template: coerce
sources:
  - name: mine
    each: .list[]
    deviceId: .id
    modelId: '"dtmi:acme:Meter;1"'
    measurements: .m
  - name: strict
    from: mine
    template: require
  - name: off
    from: mine
    template: off
`

const meter = `{"@context":"dtmi:dtdl:context;2","@id":"dtmi:acme:Meter;1","@type":"Interface","contents":[
  {"@type":"Telemetry","name":"count","schema":"integer"},
  {"@type":"Component","name":"door","schema":{"@id":"dtmi:acme:Door;1","@type":"Interface","contents":[
    {"@type":"Telemetry","name":"open","schema":"boolean"}]}}]}`

// TestTemplates: a trial tells what the template changes, what does not fit, and what is refused.
func TestTemplates(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "mayfly.yaml")
	for name, text := range map[string]string{"mayfly.yaml": configuration, "meter.json": meter} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	transformer, _, err := function.LoadSources(path)
	if err != nil {
		t.Fatal(err)
	}
	_, fitter, err := function.LoadTemplates(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, source, measurements string
		failed                     bool
		want, not                  string // lines of the text, divided by |
	}{
		{name: "fits", source: "mine", measurements: `{"count":1}`, want: "template dtmi:acme:Meter;1, coerce|fits"},
		{name: "made right", source: "mine", measurements: `{"Count":"7"}`,
			want: `made right  Count: the model calls it count|` +
				`made right  Count: want integer, got a string|{"count":7}`},
		{name: "a component", source: "mine", measurements: `{"count":1,"door":{"open":1}}`,
			want: `{"count":1}|{"open":true}`, not: "refused"},
		{name: "left as it is", source: "mine", measurements: `{"count":"many"}`,
			want: `does not fit  count: want integer, got a string|{"count":"many"}|answer 200`},
		{name: "refused", source: "strict", measurements: `{"count":"many"}`, failed: true,
			want: `template dtmi:acme:Meter;1, require|does not fit  count: want integer|` +
				`refused: the message does not fit the model dtmi:acme:Meter;1`, not: "event"},
		{name: "off", source: "off", measurements: `{"count":"many"}`, want: `{"count":"many"}`, not: "template"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			source, err := transformer.Source(tc.source)
			if err != nil {
				t.Fatal(err)
			}
			trace := source.Trace(t.Context(), &message.Request{
				Method: "POST", Path: "/api/" + tc.source,
				Body:     []byte(`{"list":[{"id":"a","m":` + tc.measurements + `}]}`),
				Received: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC),
			})
			got := trial.Of(t.Context(), trace, trial.Options{Fitter: fitter})
			if failed := got.Failure() != nil; failed != tc.failed {
				t.Errorf("failed is %v", failed)
			}
			var text strings.Builder
			got.Print(&text, false)
			for want := range strings.SplitSeq(tc.want, "|") {
				if !strings.Contains(text.String(), want) {
					t.Errorf("%q is missing:\n%s", want, text.String())
				}
			}
			if tc.not != "" && strings.Contains(text.String(), tc.not) {
				t.Errorf("%q is there:\n%s", tc.not, text.String())
			}
			if written, err := json.Marshal(got); err != nil || !json.Valid(written) ||
				strings.Contains(string(written), `"policy"`) != (tc.source != "off") {
				t.Errorf("%s: %v", written, err)
			}
		})
	}
}

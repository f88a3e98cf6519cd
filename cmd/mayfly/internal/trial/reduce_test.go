package trial_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/function"
	"mayfly/transform/message"
)

const reducing = `reduce: {window: 1m, fields: {t: [min, max]}, only: {t: 0.5}}
sources:
  - {name: mine, each: ".[]", deviceId: .id, measurements: "{t}"}
  - {name: whole, from: mine, reduce: {}}
`

// TestReduce: a trial has the messages that the bridge would send, and tells what became of the readings.
func TestReduce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(reducing), 0o600); err != nil {
		t.Fatal(err)
	}
	transformer, _, err := function.LoadSources(path)
	if err != nil {
		t.Fatal(err)
	}
	enrichment, err := function.LoadEnrichment(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ source, want string }{
		"several readings": {"mine", `reduce pump-1  is in another message|reduce pump-1  stands for 2 readings|` +
			`{"t_max":21,"t_min":20}|reduce pump-1  left out: nothing has changed|{"t_max":5,"t_min":5}`},
		"not reduced": {"whole", `{"t":20}|{"t":21}|{"t":21.2}|{"t":5}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, err := transformer.Source(tc.source)
			if err != nil {
				t.Fatal(err)
			}
			trace := source.Trace(t.Context(), &message.Request{
				Method: "POST", Path: "/api/" + tc.source,
				Header:   map[string][]string{"Content-Type": {"application/json"}},
				Received: time.Now(),
				Body: []byte(`[{"id":"pump-1","t":20},{"id":"pump-1","t":21},{"id":"pump-1","t":21.2},` +
					`{"id":"pump-2","t":5}]`),
			})
			var out bytes.Buffer
			trial.Of(t.Context(), trace, trial.Options{Reducer: enrichment.Reducer()}).Print(&out, false)
			rest := out.String()
			for want := range strings.SplitSeq(tc.want, "|") {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%q is missing after the others in\n%s", want, out.String())
				}
				rest = after
			}
		})
	}
}

package transform_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// Every source proves itself: it compiles, has a title and documentation, and
// its samples come out as they say.
func TestBuiltinSources(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	if len(tr.SourceNames()) == 0 {
		t.Fatal("no sources")
	}
	for _, name := range tr.SourceNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, err := tr.Source(name)
			if err != nil {
				t.Fatal(err)
			}
			for what, text := range map[string]string{"title": source.Title, "docs": source.Docs, "setup": source.Setup, "group": source.Group, "detect": source.Definition.Detect.Text} {
				if text == "" {
					t.Errorf("%s is missing", what)
				}
			}
			if len(source.Samples) == 0 {
				t.Error("no samples")
			}
			for _, sample := range source.Samples {
				t.Run(sample.Name, func(t *testing.T) {
					t.Parallel()
					got, want, err := source.Prove(t.Context(), sample)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("not what the sample says (-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

func TestSourceRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		kind       message.Kind
		says       []string // parts of the error
	}{
		{"not JSON", "{\"end_device_ids\":\n{]", message.Malformed, []string{"line 2, column 2", "offset 20"}},
		{"truncated", `{"end_device_ids":{"device_id":"a"`, message.Malformed, []string{"unexpected end", "offset 34"}},
		{"empty", ``, message.Malformed, []string{"empty"}},
		{"not UTF-8", "{\"end_device_ids\":\"\xff\"}", message.Malformed, []string{"not UTF-8", "offset 19"}},
		{"no device", `{"uplink_message":{"f_port":1}}`, message.Invalid, []string{"deviceId", "missing", ".end_device_ids.device_id"}},
		{"device id of no device", `{"end_device_ids":{"device_id":"a b"},"uplink_message":{}}`, message.Invalid, []string{"deviceId", `"a b"`}},
		{"another shape", `{"end_device_ids":"x","uplink_message":{}}`, message.Invalid, []string{"deviceId", "end_device_ids"}},
		{"payload is no base64", `{"end_device_ids":{"device_id":"a"},"uplink_message":{"frm_payload":"%%"}}`, message.Invalid, []string{"payload", "base64"}},
		{"measurements are no object", `{"end_device_ids":{"device_id":"a"},"uplink_message":{"decoded_payload":[1]}}`, message.Invalid, []string{"measurements", "array"}},
		{"number", `5`, message.Invalid, []string{"The Things Stack v3", "end_device_ids"}},
	}
	source, err := transform.New().Source("tts")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := source.Map(t.Context(), &message.Request{Body: []byte(tt.body)})
			wantError(t, err, tt.kind, tt.says)
			if len(out.Messages) > 0 {
				t.Errorf("messages beside an error: %v", out.Messages)
			}
		})
	}
}

func TestUnknownSource(t *testing.T) {
	t.Parallel()
	if source, err := transform.New().Source("no-such"); source != nil || err != nil {
		t.Errorf("got %v, %v", source, err)
	}
}

func wantError(t *testing.T, err error, kind message.Kind, says []string) {
	t.Helper()
	var bad *message.Error
	if !errors.As(err, &bad) {
		t.Fatalf("got %v, want a *message.Error", err)
	}
	if bad.Kind != kind {
		t.Errorf("kind %d, want %d: %v", bad.Kind, kind, err)
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

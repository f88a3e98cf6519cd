package transform_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"mayfly/transform"
)

// Senders put one event into a list, and add members that nobody knows: the sources that
// read lists make the same messages of them.
func TestSamplesInOtherShapes(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(before, name) || !strings.Contains(source.Definition.Each.Text, `type == "array"`) {
			continue
		}
		for _, sample := range source.Samples {
			var object map[string]any
			if len(sample.Messages) == 0 || json.Unmarshal([]byte(sample.Request.Body), &object) != nil {
				continue
			}
			for shape, body := range map[string]any{"a list of one": []any{object}, "members that are new": withNulls(object)} {
				request := sample.Request.Request(name)
				if request.Body, err = json.Marshal(body); err != nil {
					t.Fatal(err)
				}
				if found, err := tr.Detect(t.Context(), request); err != nil || found == nil || found.Name != name {
					t.Errorf("%s, sample %q, %s: not detected", name, sample.Name, shape)
				}
				out, err := source.Map(t.Context(), request)
				if err != nil {
					t.Errorf("%s, sample %q, %s: %v", name, sample.Name, shape, err)
				}
				devices := func(yield func(string) bool) {
					for i := range out.Messages {
						if !yield(out.Messages[i].DeviceID) {
							return
						}
					}
				}
				want := func(yield func(string) bool) {
					for _, m := range sample.Messages {
						if !yield(m.DeviceID) {
							return
						}
					}
				}
				if !slices.Equal(slices.Collect(devices), slices.Collect(want)) {
					t.Errorf("%s, sample %q, %s: messages of %v", name, sample.Name, shape, slices.Collect(devices))
				}
			}
		}
	}
}

// withNulls adds a member that is null to every object.
func withNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{"new": nil}
		for name, inner := range value {
			out[name] = withNulls(inner)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, inner := range value {
			out[i] = withNulls(inner)
		}
		return out
	}
	return value
}

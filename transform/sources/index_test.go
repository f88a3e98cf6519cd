package sources_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/message"
	"mayfly/transform/sources"
)

// The candidates are those whose hints a request holds, in the order of the names.
func TestIndexCandidates(t *testing.T) {
	t.Parallel()
	hints := map[string][]string{
		"body": {"momsn", "mom"}, "same-start": {"momentum"}, "query": {"api_key"}, "header": {"X-Sensor"},
		"type": {"line-protocol"}, "shelly": {"shelly"}, "short": {"x"}, "always": nil,
		"kelvin": {"\u212a"}, // three bytes, and one in lower case
	}
	names := []string{"body", "same-start", "query", "header", "type", "shelly", "short", "always", "kelvin"}
	index := sources.NewIndex(names, func(name string) []string { return hints[name] })
	tests := []struct {
		name    string
		request message.Request
		want    []string
	}{
		{"nothing", message.Request{}, []string{"always"}},
		{"a hint in the body", message.Request{Body: []byte(`{"momsn":1}`)}, []string{"body", "always"}},
		{"at the end of the body", message.Request{Body: []byte(`mom`)}, []string{"body", "always"}},
		{"less than a hint", message.Request{Body: []byte(`mo`)}, []string{"always"}},
		{"two with the same start", message.Request{Body: []byte(`momentum`)}, []string{"body", "same-start", "always"}},
		{"a short one", message.Request{Body: []byte(`x`)}, []string{"short", "always"}},
		{"a sign of several bytes", message.Request{Body: []byte("300 \u212a")}, []string{"always", "kelvin"}},
		{"a parameter", message.Request{Query: map[string][]string{"api_key": {"k"}}}, []string{"query", "always"}},
		{"a parameter that only begins with it", message.Request{Query: map[string][]string{"api_keys": {"k"}}}, []string{"always"}},
		{"a short parameter", message.Request{Query: map[string][]string{"x": {"k"}}}, []string{"short", "always"}},
		{"the beginning of the id", message.Request{Query: map[string][]string{"id": {"shellyht-1"}}}, []string{"shelly", "always"}},
		{"the beginning of a header's name", message.Request{Header: map[string][]string{"X-Sensor-Id": {"1"}}}, []string{"header", "always"}},
		{"the media type", message.Request{Header: map[string][]string{"Content-Type": {"text/line-protocol"}}}, []string{"type", "always"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, index.Candidates(&tt.request)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Every built-in source has a file with its hints.
func TestBuiltinsAreIndexed(t *testing.T) {
	t.Parallel()
	index := sources.NewIndex(sources.Names(), sources.Hints)
	for _, name := range sources.Names() {
		if _, ok := sources.Text(name); !ok {
			t.Errorf("%s has no text", name)
		}
		for _, hint := range sources.Hints(name) {
			found := index.Candidates(&message.Request{Body: []byte(hint)})
			if !slices.Contains(found, name) {
				t.Errorf("%s is not found by %q", name, hint)
			}
		}
	}
	if _, ok := sources.Text("../sources"); ok {
		t.Error("a name leads out of the folder")
	}
}

package transform_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
)

// Each sample is its own source's and no other's. Two that match is a bug: which
// of them a request goes to would hang on the alphabet.
func TestDetect(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range source.Samples {
			t.Run(name+"/"+sample.Name, func(t *testing.T) {
				t.Parallel()
				request := sample.Request.Request(name)
				var fit []string
				for _, other := range tr.SourceNames() {
					asked, err := tr.Source(other)
					if err != nil {
						t.Fatal(err)
					}
					if asked.Detects(t.Context(), request) {
						fit = append(fit, other)
					}
				}
				// A sample whose sender's marks were filtered out cannot be detected.
				if len(fit) > 1 || len(fit) == 1 && fit[0] != name {
					t.Fatalf("detected as %v", fit)
				}
				if len(fit) == 0 {
					t.Logf("not detected")
				}
				found, err := tr.Detect(t.Context(), request)
				if len(fit) == 1 && (err != nil || found == nil || found.Name != name) {
					t.Errorf("Detect gives %v, %v; is a hint missing?", found, err)
				}
			})
		}
	}
}

// The hints of a built-in source are read without parsing its YAML; both ways
// must agree.
func TestHints(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(source.Hints, transform.HintsOf(name)); diff != "" || len(source.Hints) == 0 {
			t.Errorf("%s: (-YAML +line):\n%s", name, diff)
		}
	}
}

package transform_test

import (
	"testing"

	"mayfly/transform"
	"mayfly/transform/message"
)

// Names that are no UTF-8, or whose lower case is longer, once cut a name beyond
// its end. Found by bench/mutate.
func TestReadingsWithStrangeNames(t *testing.T) {
	t.Parallel()
	source, err := transform.New().Source("wunderground")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"i\xff\xfendoortempf", "\u0130\u0130\u0130\u0130tempf", "temp\u212af", "\xff\xfftempF", "tf_\xff"} {
		r := &message.Request{Method: "GET", Query: map[string][]string{"ID": {"x"}, "units": {"si"}, "dateutc": {"2025-01-01 10:32:35"}, "tempf": {"70"}, name: {"68"}}}
		if out, err := source.Map(t.Context(), r); err != nil || len(out.Messages) != 1 {
			t.Errorf("%q: %v %v", name, out.Messages, err)
		}
	}
}

package transform_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/message"
)

// What the sender's users name is not there on purpose: a credential among it does not become a property.
func TestSpreadPropertiesWithoutCredentials(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	list := definitions(t, "sources:\n  - name: mine\n    deviceId: .id\n    measurements: .m\n"+
		"    properties: {'*': .tags, token: .coin}\n")
	if err := tr.Add("my.yaml", list, fstest.MapFS{}); err != nil {
		t.Fatal(err)
	}
	source, err := tr.Source("mine")
	if err != nil {
		t.Fatal(err)
	}
	out, err := source.Map(t.Context(), &message.Request{Method: "POST", Path: "/api/mine",
		Body: []byte(`{"id":"d","m":{"t":1},"coin":"gold","tags":{"site":"a","API-Key":"s3cret","password":"s3cret"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"site": "a", "token": "gold"}
	if got := out.Messages[0].Properties; !cmp.Equal(want, got) {
		t.Errorf("got %v, want %v", got, want)
	}
	told := 0
	for _, n := range out.Notes {
		if n.Kind == transform.NoteCredential && strings.HasPrefix(n.Text, "properties.") {
			told++
		}
	}
	if told != 2 {
		t.Errorf("notes: %v", out.Notes)
	}
}

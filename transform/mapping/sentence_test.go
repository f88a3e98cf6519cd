package mapping_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// An error of jq is told in words that the sender's user understands.
func TestErrorsOfJQ(t *testing.T) {
	t.Parallel()
	tests := []struct{ expression, body, says string }{
		{".a.b", `{"a":"x"}`, `there is a string ("x") where an object is wanted (in .a.b)`},
		{".a[]", `{"a":null}`, `there is null where a list is wanted`},
		{`.a | has("location")`, `{"a":"x"}`, `there is a string ("x") where an object is wanted`},
		{`.a | keys`, `{"a":5}`, `there is a number (5) where an object is wanted`},
		{`.a | startswith("x")`, `{"a":true}`, `there is a boolean (true) to which startswith("x") cannot be applied`},
		{`.a[0]`, `{"a":{}}`, `there is an object ({}) where an array is wanted`},
		{`error("the pump has no name")`, `{}`, "the pump has no name"},
	}
	for _, tt := range tests {
		t.Run(tt.expression, func(t *testing.T) {
			t.Parallel()
			tr := transform.New()
			d := transform.Definition{Name: "mine", DeviceID: mapping.Expr{Text: `"x"`}, Measurements: mapping.Expr{Text: tt.expression}}
			if err := tr.Add("my.yaml", []transform.Definition{d}, fstest.MapFS{}); err != nil {
				t.Fatal(err)
			}
			source, err := tr.Source("mine")
			if err != nil {
				t.Fatal(err)
			}
			_, err = source.Map(t.Context(), &message.Request{Body: []byte(tt.body)})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s", err, tt.says)
			}
		})
	}
}

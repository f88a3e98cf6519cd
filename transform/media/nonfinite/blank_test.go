package nonfinite_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/media/nonfinite"
)

func TestBlank(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, want string
		left       []string
	}{
		"first member":  {`{"a":NaN,"b":1}`, `{"b":1}`, []string{"a is NaN and was left out"}},
		"last member":   {`{"a":1, "b" : -nan }`, `{"a":1}`, []string{"b is -nan and was left out"}},
		"only member":   {`{"a":inf}`, `{}`, []string{"a is inf and was left out"}},
		"all members":   {`{"a":NaN,"b":nan,"c":Infinity}`, `{}`, []string{"a is NaN and was left out", "b is nan and was left out", "c is Infinity and was left out"}},
		"two of three":  {`{"a":1,"b":-Infinity,"c":+inf}`, `{"a":1}`, []string{"b is -Infinity and was left out", "c is +inf and was left out"}},
		"outer members": {`{"a":nan,"b":1,"c":nan}`, `{"b":1}`, []string{"a is nan and was left out", "c is nan and was left out"}},
		"elements":      {`[nan,1,NaN,NaN,2,inf]`, `[1,2]`, []string{"[0] is nan and was left out", "[2] is NaN and was left out", "[3] is NaN and was left out", "[5] is inf and was left out"}},
		"only elements": {`[nan,nan]`, `[]`, []string{"[0] is nan and was left out", "[1] is nan and was left out"}},
		"deep":          {`[{},{"m":{"t":[1,{"x":nan}]}}]`, `[{},{"m":{"t":[1,{}]}}]`, []string{"[1].m.t[1].x is nan and was left out"}},
		"in texts":      {`{"nan":"nan","b\"":"{nan,","c":nan}`, `{"nan":"nan","b\"":"{nan,"}`, []string{"c is nan and was left out"}},
		"lines":         {"{\"a\":1}\n{\"a\":nan}\n", "{\"a\":1}\n{}", []string{"[1].a is nan and was left out"}},
		"Arduino":       {`{"a":ovf,"b":NAN}`, `{}`, []string{"a is ovf and was left out", "b is NAN and was left out"}},
		"old C":         {`{"a":-1.#IND,"b":1.#QNAN,"c":-nan(ind)}`, `{}`, []string{"a is -1.#IND and was left out", "b is 1.#QNAN and was left out", "c is -nan(ind) and was left out"}},

		"nothing to do":  {`{"a":1}`, `{"a":1}`, nil},
		"a whole value":  {`nan`, `nan`, nil},
		"a name":         {`{nan:1}`, `{nan:1}`, nil},
		"other words":    {`{"a":None}`, `{"a":None}`, nil},
		"not closed":     {`{"a":nan`, `{"a":nan`, nil},
		"text not ended": {`{"a":nan,"b`, `{"a":nan,"b`, nil},
		"too deep":       {strings.Repeat("[", 200) + "nan" + strings.Repeat("]", 200), strings.Repeat("[", 200) + "nan" + strings.Repeat("]", 200), nil},
	} {
		clean, left, n := nonfinite.Blank([]byte(tt.text))
		if diff := cmp.Diff(tt.left, left); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		squeezed := strings.Join(strings.Fields(string(clean)), "")
		if want := strings.Join(strings.Fields(tt.want), ""); squeezed != want || len(clean) != len(tt.text) || n != len(left) {
			t.Errorf("%s: got %s", name, clean)
		}
	}
}

func FuzzBlank(f *testing.F) {
	f.Add(`{"a":NaN,"b":[1,-inf,{"c":nan}]}`)
	f.Add(`[nan,,"x]`)
	f.Fuzz(func(t *testing.T, text string) {
		before := strings.Clone(text)
		clean, left, n := nonfinite.Blank([]byte(text))
		if text != before || len(clean) != len(text) || n == 0 && string(clean) != text {
			t.Errorf("%q became %q", before, clean)
		}
		if json.Valid([]byte(text)) && len(left) > 0 {
			t.Errorf("%q is JSON and lost %q", text, left)
		}
	})
}

func BenchmarkBlank(b *testing.B) {
	text := []byte("[" + strings.Repeat(`{"temperature":nan,"h":1},`, 10_000) + "1]")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		nonfinite.Blank(text)
	}
}

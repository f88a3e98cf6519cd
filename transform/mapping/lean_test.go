package mapping

import (
	"testing"

	"github.com/itchyny/gojq"
)

// What stays in this process has neither loops nor anything that grows with the square
// of a body.
func TestLean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		".a.b": true, ".a // .b": true, `.a == "x"`: true, ".a + .b": true, `"\(.a)-\(.b)"`: true,
		".a | readings":                    true,
		"if .a then {x: .b} else [.c] end": true, `keys - ["a"]`: true, ".a | tostring | utc": true, ".[]": true,
		`.id | test("^[0-9]+$")`: true, `any(keys[]; startswith("x"))`: true, ".a[] | select(.b)": true,
		"try .a catch .b": true,
		".a * 2":          false, `"x" * .n`: false, "[range(.n)]": false, "reduce .[] as $x (0; . + 1)": false,
		"def f: f; f":    false,
		`.a[] | "\(.x)"`: false, "[.a[] | . + $request.path]": false, ".. | .a": false, ".a | scan(.b)": false,
		".a | test(.b)": false,
		".a | fromjson": false, "map(tostring)": false, ".a - .b": false, "any(.a[]; tostring == .x)": false,
		".a[1:]":          false,
		"label $out | .a": false, "foreach .[] as $x (0; .)": false, ".a |= 1": false, "@base64": false,
		".a as [$x] | $x": false,
		"sort":            false, "unknown": false, `.a | gsub("x"; "y")`: false, "-.a": false, "[limit(3; repeat(1))]": false,
	} {
		q, err := gojq.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		ours := func(name string, args int) bool { return name == "readings" || name == "utc" }
		if got := lean(q, ours); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/itchyny/gojq"
)

// Each end of a generator is its own.
func TestStopsAreDistinct(t *testing.T) {
	t.Parallel()
	a, b := error(&stop{}), error(&stop{})
	if a == b { //nolint:errorlint // the very same
		t.Error("two stops are one")
	}
}

// A generator that is ended from outside passes that on.
func TestUntilPassesForeignStops(t *testing.T) {
	t.Parallel()
	foreign := error(&stop{})
	each := eachFunc(func(_ *Scope, _ any, _ emitFunc) error { return foreign })
	if err := each.until(&Scope{}, nil, func(any) (bool, error) { return true, nil }); err != foreign { //nolint:errorlint // the very same
		t.Errorf("got %v", err)
	}
}

// What the built-in sources do not use is gojq's.
func TestNoPlan(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`reduce .[] as $x (0; . + $x)`, `def f: .; f`, `.a % 2`, `.a >= 1`, `.a <= 1`, `.a = 1`, `.a |= 1`, `.[1:2]`, `..`, `@base64`, `try .a catch .`,
		`foreach .[] as $x (0; .)`, `. as [$a] | $a`, `{(.a): 1}`, `{$x}`, `if .a then 1 end`, `.[.a]`, `error`, `input`, `$unknown`, `label $l | .`, `-.a`, `unknown`,
		`{a: .[]}`, `.[] + 1`, `sort`, `limit(1; .[])`, `1.50`, `12345678901234567890`, `"\(.[])"`,
	} {
		q, err := gojq.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if New(q, []string{"$x"}, nil) != nil {
			t.Errorf("%s has a plan", text)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	double := func(in any, _ []any) (any, error) { return []any{in, in}, nil }
	tests := []struct {
		name, text string
		in         any
		want       []any
		ok         bool
	}{
		{"path", ".a.b", map[string]any{"a": map[string]any{"b": "x"}}, []any{"x"}, true},
		{"several values", ".[]", []any{1, 2}, []any{1, 2}, true},
		{"none", "empty", nil, nil, true},
		{"variable", "$v", nil, []any{"value"}, true},
		{"function", "double", "x", []any{[]any{"x", "x"}}, true},
		{"failure", ".a", "x", nil, false},
		{"failure with ?", ".a?", "x", nil, true},
		{"values that are gojq's", "length", true, nil, false},
		{"values that are gojq's with ?", "(.a + 1)?", map[string]any{"a": 1 << 40}, nil, false},
		{"too many values", ".[]", make([]any, maxValues+1), nil, false},
		{"too many steps", "[.[] as $a | .[] as $b | 1] | 2", make([]any, 2000), nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q, err := gojq.Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			p := New(q, []string{"$v"}, map[string]Func{"double/0": double})
			if p == nil {
				t.Fatal("no plan")
			}
			got, ok := p.Run(&Scope{Vars: []any{"value"}}, tt.in)
			if ok != tt.ok {
				t.Fatalf("got %v, %t", got, ok)
			}
			if diff := cmp.Diff(tt.want, got); ok && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

package codecworker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/mapping"
)

func programOf(text string) *mapping.Program {
	return mapping.NewProgram(text, []string{"$request", "$v"}, "")
}

func evaluate(t *testing.T, pool *Pool, text string, in any) ([]any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a machine under load
	defer cancel()
	request := map[string]any{"path": "/api/x"}
	values, _, err := pool.Evaluate(ctx, programOf(text), []any{request, 7}, in, 250*time.Millisecond)
	return values, err
}

// What an expression gives in a worker is what it gives in this process, value by value.
func TestEvaluate(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	in := map[string]any{
		"n": nil, "t": true, "f": false, "i": -5, "d": 0.1, "b": huge, "j": json.Number("1.500"), "s": "a\x00\xff",
		"list": []any{1, []any{}, map[string]any{}}, "text": "one, two", "zero": json.Number("0"),
	}
	for _, text := range []string{
		".", ".[]", "empty", "$v, $request.path", ".i * 2", ".b + 1", ".j", "[.list[] | type]", ".s",
		"infinite", "nan | isnan",
		`.text | [scan("\\w+")]`, `.text | gsub("o"; "0")`, `.missing.x // "none"`, `"2026-01-02" | epoch`,
		".s | hex",
		"try error(\"x\") catch .", "reduce .list[] as $x (0; . + 1)", `.text | test("ONE"; "i")`, "-0.0", "1e1000",
	} {
		code, err := programOf(text).Compile()
		if err != nil {
			t.Fatal(err)
		}
		want, err := code.Evaluate(t.Context(), []any{map[string]any{"path": "/api/x"}, 7}, in)
		if err != nil {
			t.Fatal(text, err)
		}
		got, err := evaluate(t, pool, text, in)
		bigs := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
		if diff := cmp.Diff(want, got, bigs); err != nil || diff != "" {
			t.Errorf("%s: %v (-here +worker)\n%s", text, err, diff)
		}
	}
	for _, text := range []string{".text.x", `error("mine")`, ".list | implode", `"x" | tonumber`,
		".s | b64 | unhex"} {
		code, err := programOf(text).Compile()
		if err != nil {
			t.Fatal(err)
		}
		_, want := code.Evaluate(t.Context(), []any{nil, 7}, in)
		_, got := evaluate(t, pool, text, in)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-here +worker):\n%s", text, diff)
		}
	}
}

// Whatever an expression does to a text of 200 kB, it costs its own message: it ends by
// its time or its memory, this process keeps its heap, and the next one is evaluated.
func TestEvaluateAbuse(t *testing.T) {
	if testing.Short() {
		t.Skip("takes all the time that expressions are given")
	}
	pool := newPool(t, Options{Workers: 1})
	in := map[string]any{"s": strings.Repeat("ab ", 70_000), "n": 1_000_000_000}
	before := heapBytes()
	for _, text := range []string{
		`"x" * .n`, `.n * "x"`, `[range(.n)]`, `[limit(.n; repeat(1))]`, `[range(.n) | "x"] | join("")`,
		`reduce range(60) as $i ("x"; . + .)`, `reduce range(60) as $i ([1]; . + .)`,
		`reduce range(60) as $i (1; [., .]) | tojson`,
		`reduce range(60) as $i (1; [., .]) | . == (.[0] | [., .])`, `reduce range(60) as $i (1; [., .]) | flatten`,
		`def f: 1 + f; f`, `def f: [f]; f`, `[recurse(. + "x"; true)]`, `reduce range(60) as $i (.s; @base64)`,
		`reduce range(60) as $i (.s; @json)`, `reduce range(60) as $i (.s; explode | implode | . + .)`,
		`[.s | scan("a")]  | length as $n | [range($n) | $n]`, `.s | [match("a"; "g")]`,
		`.s | gsub("(?<x>a)"; .x + "b")`,
		`.s | [capture("(?<x>[a-z])"; "g")]`, `.s | [splits("a")]`, `.s | split("a"; "g")`, `.s | test("(a|b| )*c")`,
		`[.s | explode | combinations(3)]`, `.s | explode | [., .] | transpose`,
		`[.s | ltrimstr("a"), rtrimstr("b")]`,
		`.s | explode | indices([97, 98])`, `.s | explode | group_by(. % 7) | map(unique_by(.))`, `[.s | ascii]`,
		`until(false; .)`, `while(true; .)`, `[paths(..)]`, `[.s | explode | permutations?]`, `last(range(.n))`,
		`[.n | . as $n | range(0; $n; 0)]`, `. as [$a] ?// $a | [range($a.n)]`, `setpath([.n]; 1)`, `[][.n] = 1`,
		`.s | explode | [.[] as $a | .[] as $b | $a * $b] | add`, `pow(10; 308) | . * 10 | tostring * 1e9`,
		`(9007199254740993 | tostring) * 100000000`, `@text "\(.s)\(.s)" * 1e4`,
		`[splits("a"; "b"; "c")]?, (.s | ascii_downcase * .n?)`,
		`input_line_number?`, `$__loc__`, `[.s | getpath(["x"])?]`, `limit(.n; repeat("x" * 100000))`,
		`[.s | ltrimstr(.s) * 3]`,
	} {
		p := programOf(text)
		if _, err := p.Compile(); err != nil {
			continue // it is no expression, which the start tells
		}
		values, err := evaluate(t, pool, text, in)
		known, _ := errors.AsType[*mapping.EvalError](err)
		if err != nil && known == nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err,
			mapping.ErrMemory) {
			t.Errorf("%s: %v", text, err)
		}
		t.Logf("%.60s: %d values, %.80v", text, len(values), err)
		if grown := heapBytes() - before; int64(grown) > 64<<20 {
			t.Errorf("%s: the heap has grown by %d MiB", text, grown>>20)
		}
		if got, err := evaluate(t, pool, ".n", in); err != nil || len(got) != 1 {
			t.Errorf("after %s: %v, %v", text, got, err)
		}
	}
}

// FuzzValues: whatever a worker writes, it is read or refused.
func FuzzValues(f *testing.F) {
	seed, err := appendValue(nil, []any{nil, true, 1, 0.5, "x", json.Number("1.0"),
		map[string]any{"a": []any{}}}, 1<<20, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := readValues(text)
		if err != nil {
			return
		}
		again, err := appendValue(nil, values, 1<<30, 0)
		if err != nil {
			t.Fatal(err)
		}
		more, err := readValues(again)
		if err != nil {
			t.Fatal(err)
		}
		third, _ := appendValue(nil, more, 1<<30, 0)
		if len(third) != len(again) || bytes.ContainsRune(again[:1], 'x') {
			t.Errorf("%q became %q", again, third)
		}
	})
}

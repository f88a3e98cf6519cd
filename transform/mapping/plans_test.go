package mapping_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/itchyny/gojq"

	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// A plan gives what gojq gives, for every expression of every built-in source over
// every sample, whoever's it is; and nearly all expressions have one.
func TestPlansAgreeWithJQ(t *testing.T) {
	t.Parallel()
	samples, sources := builtinSamples(t), builtinExpressions(t)
	found := map[string]bool{}
	for name, expressions := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, e := range expressions {
				for _, sample := range samples {
					vars := append([]any{sample.request}, slices.Repeat([]any{sample.body}, len(expressions))...) // anything will do
					comparePlan(t, e, vars, sample.body)
				}
			}
		})
		for _, e := range expressions {
			found[e.Field] = true
		}
	}
	for _, field := range []string{"detect", "deviceId", "secretId", "payload", "properties.rssi"} {
		if !found[field] {
			t.Errorf("no source has %s", field)
		}
	}
}

func TestNearlyAllExpressionsHavePlans(t *testing.T) {
	t.Parallel()
	planned, all := 0, 0
	for name, expressions := range builtinExpressions(t) {
		for _, e := range expressions {
			all++
			if mapping.HasPlan(e) {
				planned++
				continue
			}
			t.Logf("%s, %s: gojq", name, e.Field)
		}
	}
	if planned*100 < all*98 {
		t.Errorf("%d of %d expressions have a plan", planned, all)
	}
}

// builtinExpressions compiles every expression of the built-in sources. It finds
// them by their type, so that no field of a definition is forgotten.
func builtinExpressions(t testing.TB) map[string][]*mapping.Expression {
	t.Helper()
	l := mapping.NewLanguage(message.Zone{})
	sources := map[string][]*mapping.Expression{}
	for _, name := range transform.New().SourceNames() {
		d := builtinDefinition(t, name)
		vars := make([]string, 0, len(d.Let))
		for _, name := range slices.Sorted(maps.Keys(d.Let)) {
			vars = append(vars, "$"+name)
		}
		add := func(field string, text mapping.Expr) {
			e, fault := l.Compile(field, text, vars)
			if fault != nil {
				t.Fatal(fault)
			}
			if e != nil {
				sources[name] = append(sources[name], e)
			}
		}
		value := reflect.ValueOf(d).Elem()
		for i := range value.NumField() {
			tag := value.Type().Field(i).Tag.Get("yaml")
			if !value.Type().Field(i).IsExported() {
				continue
			}
			switch field := value.Field(i).Interface().(type) {
			case mapping.Expr:
				add(tag, field)
			case map[string]mapping.Expr:
				for member, text := range field {
					add(tag+"."+member, text)
				}
			}
		}
	}
	return sources
}

func builtinDefinition(t testing.TB, name string) *transform.Definition {
	t.Helper()
	text, _ := transform.BuiltinText(name)
	d, err := transform.ParseDefinition(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sampleValue is a sample as expressions see it: its body, and $request.
type sampleValue struct{ body, request any }

func builtinSamples(t testing.TB) []sampleValue {
	t.Helper()
	var list []sampleValue
	for _, name := range transform.New().SourceNames() {
		d := builtinDefinition(t, name)
		for _, sample := range d.Samples {
			r := sample.Request.Request(name)
			headers, query := map[string]any{}, map[string]any{}
			for name := range r.Header {
				headers[strings.ToLower(name)] = r.HeaderValue(name)
			}
			for name := range r.Query {
				query[name] = r.QueryValue(name)
			}
			v := sampleValue{request: map[string]any{"method": r.Method, "path": r.Path, "headers": headers, "query": query}}
			body, err := media.Decode(r, media.Reading{Format: d.Format, CSV: d.CSV})
			if v.body = body; err != nil {
				v.body = query
			}
			list = append(list, v)
		}
	}
	return list
}

// comparePlan checks that a plan gives what gojq gives, or nothing.
func comparePlan(t *testing.T, e *mapping.Expression, vars []any, in any) {
	t.Helper()
	if !mapping.HasPlan(e) {
		return
	}
	got, planned, want, err := mapping.BothWays(t.Context(), e, vars, in)
	if !planned || err != nil && strings.Contains(err.Error(), "takes longer than") {
		return
	}
	if err != nil {
		t.Fatalf("%s: the plan gives %s, gojq fails: %v\n%s\nover %s", e.Field, asTexts(got), err, e.Text, gojq.Preview(in))
	}
	if diff := cmp.Diff(asTexts(want), asTexts(got)); diff != "" {
		t.Fatalf("%s (-gojq +plan):\n%s\n%s\nover %s", e.Field, diff, e.Text, gojq.Preview(in))
	}
}

func asTexts(values []any) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		text, _ := gojq.Marshal(v)
		texts[i] = string(text)
	}
	return texts
}

// Generators that end others early do not end one another, and what fails in an
// alternative is no value.
func TestPlansOfGenerators(t *testing.T) {
	t.Parallel()
	l := mapping.NewLanguage(message.Zone{})
	for _, text := range []string{
		`[first(.[] | first(.[]))]`, `[first(.[] | first(.[] | select(. > 2)))]`, `any(.[]; any(.[]; . == 3))`, `all(.[]; any(.[]; . > 0))`,
		`[.[] | first(.[] | select(any(., 9; . == 2)))]`, `first(.[] | select(all(.[]; . > 2)))`, `[.[] | first(empty)]`, `any(first(.[]); any(.[]; . == 2))`,
		`(.[0].x.y // .[1])?`, `[(.[0] | .x)? // .[1]]`, `[.[]?.x? // 5]`, `[(.[] | .[0] | .x?) // 5]`, `[first(.[] | .x)?]`,
		`. as $a | [.[] as $b | . as $a | $b, $a[0]] | [$a, .]`, `.[] as $a | [.[] as $b | [$a, $b]]`,
	} {
		e, fault := l.Compile("x", mapping.Expr{Text: text}, nil)
		if fault != nil {
			t.Fatal(fault)
		}
		if !mapping.HasPlan(e) {
			t.Errorf("%s has no plan", text)
		}
		in := []any{[]any{1, 2}, []any{3, 4}}
		if _, planned, _, err := mapping.BothWays(t.Context(), e, []any{nil}, in); err == nil && !planned && !strings.Contains(text, ".x") {
			t.Errorf("%s is left to gojq", text)
		}
		comparePlan(t, e, []any{nil}, in)
	}
}

// Entries, sums and columns are jq's, over whatever they are asked.
func TestPlansOfEntries(t *testing.T) {
	t.Parallel()
	l := mapping.NewLanguage(message.Zone{})
	inputs := []string{
		`null`, `5`, `"x"`, `[]`, `{}`, `{"b":1,"a":null}`, `[1,2.50,null]`, `["a","b"]`, `[null,{"a":1},{"b":2}]`, `[[1],[2,3],[]]`,
		`[{"key":"a","value":1},{"key":"b","value":null}]`, `[{"key":5,"value":1}]`, `[{"name":"a","value":1}]`, `[{"k":"a","v":1}]`, `[{"key":"a"}]`,
		`[{"key":null,"value":1}]`, `[{"key":false,"value":1}]`, `[12345678901234567890,1]`,
	}
	for _, text := range []string{`to_entries`, `from_entries`, `add`, `transpose`, `[.[]? | [.]] | add`, `[to_entries[]? | .key]`} {
		e, fault := l.Compile("x", mapping.Expr{Text: text}, nil)
		if fault != nil {
			t.Fatal(fault)
		}
		if !mapping.HasPlan(e) {
			t.Errorf("%s has no plan", text)
		}
		for _, body := range inputs {
			in, err := media.Decode(&message.Request{Body: []byte(`{"v":` + body + `}`)}, media.Reading{Format: media.FormatJSON})
			if err != nil {
				t.Fatal(err)
			}
			comparePlan(t, e, []any{nil}, in.(map[string]any)["v"])
		}
	}
}

// TestPlanOfALongSum: the sum of many objects takes time by their number, and leaves them as they are.
func TestPlanOfALongSum(t *testing.T) { // not parallel: allocations are counted
	l := mapping.NewLanguage(message.Zone{})
	e, fault := l.Compile("x", mapping.Expr{Text: "add"}, nil)
	if fault != nil {
		t.Fatal(fault)
	}
	const n = 5_000
	objects, lists := make([]any, n), make([]any, n)
	for i := range n {
		objects[i], lists[i] = map[string]any{fmt.Sprint("k", i): i}, []any{i}
	}
	for _, in := range [][]any{objects, lists} {
		copies := testing.AllocsPerRun(1, func() {
			if _, planned := mapping.Planned(t.Context(), e, any(in)); !planned {
				t.Error("it is not planned")
			}
		})
		if copies > n*3/2 { // one for each element of a list is its header
			t.Errorf("%v allocations: the sum is copied for each of %d elements", copies, n)
		}
		comparePlan(t, e, []any{nil}, any(in))
	}
	if first, _ := objects[0].(map[string]any); len(first) != 1 {
		t.Errorf("the first object has %d members now", len(first))
	}
}

// FuzzPlans makes a query of the constructs of the built-in sources and a value of
// random bytes, and compares a plan with gojq.
func FuzzPlans(f *testing.F) {
	for i := range 64 {
		f.Add([]byte(fmt.Sprintf("%d seed of a query, long enough for some %d", i*7919, i*104729)), []byte(`{"a":{"b":1},"b":[1,{"a":"x"}]}`))
	}
	for _, body := range []string{`[[1],[2]]`, `{"a":"1.50","b":null}`, `{"a":12345678901234567890,"b":-0}`, `"x,y"`, `{"a":"{\"b\":1}"}`, `{"a":[{"b":-1},{"b":-1}]}`} {
		f.Add([]byte("the second part of the seeds, which is about values"), []byte(body))
	}
	l := mapping.NewLanguage(message.Zone{})
	f.Fuzz(func(t *testing.T, seed, body []byte) {
		if len(body) > 1<<10 || len(seed) > 200 {
			return
		}
		in, err := media.Decode(&message.Request{Body: body}, media.Reading{Format: media.FormatJSON})
		if err != nil {
			return
		}
		g := queries{seed: seed}
		text := g.query(4)
		e, fault := l.Compile("x", mapping.Expr{Text: text}, []string{"$let"})
		if fault != nil {
			t.Fatalf("%s: %v", text, fault)
		}
		if !mapping.HasPlan(e) && !g.beyond {
			t.Errorf("%s has no plan", text)
		}
		comparePlan(t, e, []any{map[string]any{"query": in}, in}, in)
	})
}

// queries makes queries of bytes.
type queries struct {
	seed   []byte
	beyond bool // it may have no plan, since a part of it may have several values
}

func (g *queries) pick(n int) int {
	if len(g.seed) == 0 {
		return 0
	}
	b := g.seed[0]
	g.seed = g.seed[1:]
	return int(b) % n
}

func (g *queries) of(list ...string) string { return list[g.pick(len(list))] }

// query makes a query; deep says how many levels it may have below.
func (g *queries) query(deep int) string {
	if deep == 0 {
		return g.of(".", ".a", ".b", ".a.b", ".[0]", ".[-1]", `.["a"]`, `."b"`, ".a?", ".[]?", ".[]", ".a[]?", ".a[0].b", "null", "true", "false", "0", "-1", "10",
			`"x"`, `""`, "empty", "$let", "$request.query", "[]", "{a}", `{"b"}`)
	}
	sub := func() string { return "(" + g.query(deep-1) + ")" }
	switch g.pick(16) {
	case 0:
		return sub() + " | " + sub()
	case 1:
		return sub() + ", " + sub()
	case 2:
		return sub() + " // " + sub()
	case 3:
		g.beyond = true
		return sub() + g.of(" == ", " != ", " < ", " > ", " + ", " - ", " and ", " or ") + sub()
	case 4:
		g.beyond = true
		return "if " + sub() + " then " + sub() + g.of("", " elif "+sub()+" then "+sub()) + " else " + sub() + " end"
	case 5:
		return sub() + "?"
	case 6:
		return "try " + sub()
	case 7:
		return "[" + g.query(deep-1) + "]"
	case 8:
		g.beyond = true
		return "{a: " + sub() + ", \"b\": " + sub() + "}"
	case 9:
		name := g.of("$x", "$y")
		return sub() + " as " + name + " | [" + name + ", " + sub() + "]"
	case 10:
		g.beyond = true
		return g.of("select", "max_by", "has", "startswith", "split", "contains", "ltrimstr", "rtrimstr", "endswith", "omit", "utc") + "(" + g.query(deep-1) + ")"
	case 11:
		return g.of("map", "first", "with_entries") + "(" + g.query(deep-1) + ")"
	case 12:
		g.beyond = true
		return g.of("any", "all") + "(" + g.query(deep-1) + "; " + g.query(deep-1) + ")"
	case 13:
		return sub() + " | " + g.of("not", "type", "ascii_downcase", "ascii_upcase", "fromjson", "tostring", "last", "length", "keys", "min", "values",
			"readings", "drop_nulls", "to_entries", "from_entries", "add", "transpose", "num", "eui", "slug", "utc", "epoch", "hz", "sf", "bw", "hex", "unhex", "unb64", "device_id", "dtdl_name", "unescape")
	case 14:
		g.beyond = true
		return `"<\(` + g.query(deep-1) + `)>"`
	default:
		return sub() + g.of(".a", ".b?", "[0]", "[]", "[]?")
	}
}

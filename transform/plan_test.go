package transform

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/itchyny/gojq"
)

// A plan gives what gojq gives, for every expression of every built-in source over
// every sample, whoever's it is; and nearly all expressions have one.
func TestPlansAgreeWithJQ(t *testing.T) {
	t.Parallel()
	tr := New()
	var requests []*Request
	for _, name := range tr.SourceNames() {
		s, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range s.Samples {
			requests = append(requests, sample.Request.Request(name))
		}
	}
	planned, all := 0, 0
	for _, name := range tr.SourceNames() {
		s, _ := tr.Source(name)
		for _, e := range s.expressions() {
			if all++; e.plan == nil {
				t.Logf("%s, %s: gojq's", name, e.field)
				continue
			}
			planned++
			for _, r := range requests {
				body, err := decode(r)
				if err != nil {
					continue
				}
				run := newRun(t.Context(), r)
				for range s.let {
					run.vars = append(run.vars, body) // anything will do
				}
				compareWithJQ(t, name, run, e, body)
				run.done()
			}
		}
	}
	if planned*100 < all*95 {
		t.Errorf("%d of %d expressions have a plan", planned, all)
	}
}

// expressions lists all of a source.
func (s *Source) expressions() []*expression {
	var list []*expression
	for _, e := range append([]named{
		{"", s.detect}, {"", s.ignore}, {"", s.each}, {"", s.deviceID}, {"", s.modelID}, {"", s.component}, {"", s.messageID},
		{"", s.timestamp}, {"", s.payload}, {"", s.port}, {"", s.measurements}, {"", s.also}, {"", s.profile},
	}, append(s.let, s.properties...)...) {
		if e.value != nil {
			list = append(list, e.value)
		}
	}
	return list
}

func compareWithJQ(t *testing.T, source string, run *run, e *expression, in any) {
	t.Helper()
	got, err := run.planned(e, in)
	if errors.Is(err, errBeyond) {
		return // gojq's, then
	}
	run.vars = run.vars[:max(e.vars, 1)]
	want, wantErr := run.machine(e, in)
	if wantErr != nil && strings.Contains(wantErr.Error(), "takes longer than") {
		return // on a busy machine
	}
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("%s, %s: plan %v, jq %v\n%s\nover %s", source, e.field, err, wantErr, e.text, gojq.Preview(in))
	}
	if err != nil {
		return
	}
	if diff := cmp.Diff(asText(want), asText(got)); diff != "" {
		t.Fatalf("%s, %s (-jq +plan):\n%s\n%s", source, e.field, diff, e.text)
	}
}

func asText(values []any) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		text, _ := gojq.Marshal(v)
		texts[i] = string(text)
	}
	return texts
}

// Plans and gojq agree over bodies that nobody has thought of.
func FuzzPlans(f *testing.F) {
	l := newLanguage()
	expressions := []string{
		`.a`, `.a.b?`, `.[0]`, `.a[0].b`, `.a // .b // "c"`, `(.a, .b) // 1`, `[.[]]`, `[.[]?]`, `.a | map(.b // empty)`, `first(.[]?)`,
		`.a == .b`, `.a < 1`, `.a + .b`, `.a - 1`, `.a * 2`, `.a / 2`, `has("a")`, `[.[]? | select(. != null)]`, `.a | tostring`, `.a | tonumber`,
		`.a | ascii_downcase`, `.a | startswith("x")`, `.a | split(",")`, `"\(.a)-\(.b)"`, `{a, b: .b, "c": 1}`, `{(.a): 1}`, `if .a then .b elif .b then 1 else 2 end`,
		`if .a then .b end`, `. as $x | $x.a`, `.[]? as $x | [$x]`, `reduce .[]? as $x (0; . + 1)`, `max_by(.a)`, `.a | max_by(.b // -1)`, `min_by(.a)`, `min`, `max`, `add`,
		`any(.[]?; . == 1)`, `all(.[]; .)`, `any`, `with_entries({key: .key, value: 1})`, `with_entries(select(.value != null))`, `map_values(. // 0)`, `map_values(empty)`,
		`keys`, `length`, `type`, `not`, `.a | fromjson?`, `.a | fromjson`, `.a | @base64d`, `.a | @base64`, `first`, `last`, `.a | join("-")`, `.a | ltrimstr("x")`, `.a | contains("x")`,
		`(.a | error) // 1`, `try .a.b`, `.a.b.c`, `.["a"]`, `.a["b"]`, `-1`, `.a | fabs`, `.a.b // empty`, `[.a[]?, .b?]`, `. as $a | .a as $b | [$a, $b]`, `.a and .b`, `.a or .b`,
		`.a | hex`, `.a | unhex | hex`, `.a | num`, `readings`, `drop_nulls`, `.a | eui`, `.a | slug`, `.a | utc`, `.a | epoch`, `omit(["a"])`, `.a | hz`, `.a | sf`, `.a | bw`, `si`, `.a | bytes`,
		`.a | u16be(0)`, `.a | f32le(0)`, `.a | bits(3; 5)`, `.a | signed(12)`, `.a | unb64 | hex`, `.a | device_id`, `.a | dtdl_name`, `.a | utc("ms")`,
	}
	compiled := make([]*expression, len(expressions))
	for i, text := range expressions {
		e, fault := l.compile("x", Expr{Text: text}, nil)
		if fault != nil {
			f.Fatal(fault)
		}
		if e.plan == nil {
			f.Fatalf("%s has no plan", text)
		}
		compiled[i] = e
	}
	for _, seed := range []string{
		`{"a":{"b":1},"b":2}`, `[1,2,{"a":3}]`, `{"a":[{"b":-1},{"b":-1,"c":2},{}]}`, `{"a":"1.50","b":"x"}`, `null`, `"x"`, `{"a":"eyJ4IjoxfQ=="}`, `{"a":"{\"x\":1}"}`,
		`{"a":12345678901234567890,"b":0.1}`, `{"a":true,"b":null}`, `[]`, `{}`, `{"a":["x","y"]}`, `{"a":1e400}`, `{"a":"SF7BW125"}`, `[[1],[2]]`, `{"a":"00-80-00-00-00-00-e1-9a"}`, `{"a":-0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, ok := parseJSON(body)
		if !ok || len(body) > 1<<12 {
			return
		}
		r := &Request{}
		for _, e := range compiled {
			run := newRun(t.Context(), r)
			compareWithJQ(t, "fuzz", run, e, in)
			run.done()
		}
	})
}

package jsonscan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mayfly/internal/jsonscan"
)

func TestValidAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `{}`, `[]`, `[ ]`, `{ }`, `{"a":1}`, `{"a":1,}`, `{,}`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{a:1}`,
		`{"a":1}}`, `[1]]`, `01`, `-`, `-0`, `1.`, `.1`, `1e`, `1e+`, `1E-9`, `-0.0e0`,
		`"`, `"\x"`, `"\u12"`, `"\u12G4"`, `"\u00e9"`, "\"\n\"", `tru`, `true`, `nullx`, ` null `, `[true,false,null]`,
		`{"a":{"b":[{}]}}`, `[[]`, `{"a":1 "b":2}`, `[1 2]`, `1 2`, `{"a" : [ 1 , 2 ] }`, "\ufeff{}",
	} {
		if got, want := jsonscan.Valid([]byte(text)), json.Valid([]byte(text)); got != want {
			t.Errorf("Valid(%q) = %v, encoding/json: %v", text, got, want)
		}
	}
	deep := strings.Repeat("[", jsonscan.MaxDepth) + strings.Repeat("]", jsonscan.MaxDepth)
	if !jsonscan.Valid([]byte(deep)) || jsonscan.Valid([]byte("["+deep+"]")) {
		t.Error("nesting is not bounded by MaxDepth")
	}
}

func TestMembersAndElements(t *testing.T) {
	t.Parallel()
	text := []byte(` {"a": 1.50, "b\u0063":{"x":[1]} ,"":"q\"" } `)
	var got []string
	it := jsonscan.Members(text)
	for it.Next() {
		got = append(got, it.NameText()+"="+string(it.Value))
		if string(text[it.Start:it.Start+len(it.Value)]) != string(it.Value) {
			t.Errorf("Start of %s is wrong", it.Value)
		}
	}
	if want := `a=1.50 bc={"x":[1]} ="q\""`; strings.Join(got, " ") != want || it.Failed() {
		t.Errorf("got %s, failed %v; want %s", got, it.Failed(), want)
	}
	got = nil
	it = jsonscan.Elements([]byte(`[1,"b",[]]`))
	for it.Next() {
		got = append(got, string(it.Value))
	}
	if want := `1 "b" []`; strings.Join(got, " ") != want || it.Failed() {
		t.Errorf("got %s, failed %v; want %s", got, it.Failed(), want)
	}
	for _, bad := range []string{``, `1`, `[`, `{"a":1`, `{"a":1}x`, `{"a":1,}`, `{"a"1}`} {
		it := jsonscan.Members([]byte(bad))
		for it.Next() {
		}
		if !it.Failed() {
			t.Errorf("Members(%q) was taken for an object", bad)
		}
	}
}

func FuzzValid(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"\u00e9",true,null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, want := jsonscan.Valid(text), json.Valid(text)
		nested := strings.Count(string(text), "[") + strings.Count(string(text), "{")
		if got != want && !(want && nested > jsonscan.MaxDepth) {
			t.Fatalf("Valid(%q) = %v, encoding/json: %v", text, got, want)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	n, err := jsonscan.Parse([]byte(` {"a":[1.50,"b\u0063"],"d":{"e":null,"f":true}} `))
	if err != nil {
		t.Fatal(err)
	}
	list, inner := n.Get("a"), n.Get("d")
	if list.Kind != jsonscan.Array || list.Values[0].Text != "1.50" || list.Values[1].Text != "bc" {
		t.Errorf("a is %+v", list)
	}
	if inner.Get("e").Kind != jsonscan.Null || inner.Get("f").Text != "true" || inner.Get("g") != nil {
		t.Errorf("d is %+v", inner)
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, `"n%d":1,`, i)
	}
	for text, want := range map[string]int{
		`{"a":1,"a":2}`: 7, `[`: 1, ``: 0, `{` + many.String() + `"n500":2}`: many.Len() + 1,
	} {
		_, err := jsonscan.Parse([]byte(text))
		var wrong *jsonscan.Error
		if !errors.As(err, &wrong) || wrong.Offset != want {
			t.Errorf("Parse(%.20q) failed at %+v, want offset %d", text, wrong, want)
		}
	}
}

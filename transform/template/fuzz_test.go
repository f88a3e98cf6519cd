package template_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template"
	"mayfly/transform/template/convert"
)

// FuzzFit: whatever comes in, what comes out is JSON with as many members as
// before, and fits from then on as it is.
func FuzzFit(f *testing.F) {
	for _, body := range []string{
		tenMembers, tenCoercions, `{"probe":{"Depth":"1"},"moisture":2,"voltage":3,"serial":1,"odd":null}`, `[1]`,
		`{"temperature":1,"Temperature":2}`, `{"battery":{},"Battery":{"voltage":1},"charge":2}`,
		`{"named":{"a":"1"},"sensor":{"OK":"on","x":1}}`,
	} {
		for mode := uint8(1); mode <= 3; mode++ {
			f.Add(body, "", mode)
			f.Add(body, "Probe", mode)
		}
	}
	set := load(f, device)
	f.Fuzz(func(t *testing.T, body, component string, mode uint8) {
		in := template.Input{ModelID: "dtmi:test:Device;1", Component: component, Body: []byte(body)}
		p := template.Policy{Mode: template.Mode(mode % 4), RefuseUnknown: mode&4 > 0, Explain: mode&8 > 0}
		r, err := set.Fit(in, p)
		if err != nil {
			var mismatch *template.Mismatch
			if !errors.As(err, &mismatch) || len(mismatch.Findings) == 0 || p.Mode != template.Require {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if !json.Valid([]byte(body)) || jsonscan.KindOf(jsonscan.Trim([]byte(body))) != jsonscan.Object {
			return
		}
		if string(in.Body) != body {
			t.Fatalf("the body %q was written to", body)
		}
		if p.Mode == template.Report && (len(r.Messages) != 1 || string(r.Messages[0].Body) != body) {
			t.Fatalf("%q does not go as it is", body)
		}
		after := 0
		for _, m := range r.Messages {
			if !json.Valid(m.Body) {
				t.Fatalf("%q became %q", body, m.Body)
			}
			after += leaves(m.Body)
			out := template.Input{ModelID: in.ModelID, Component: m.Component, Body: m.Body}
			again, err := set.Fit(out, template.Policy{Mode: template.Coerce, Explain: true})
			if p.Mode >= template.Coerce && (err != nil || len(again.Changes) > 0 || len(again.Messages) != 1) {
				t.Fatalf("%q became %q, and then %+v", body, m.Body, again)
			}
		}
		geometries := strings.Count(body, "coordinates") // which lose their type
		if p.Mode >= template.Coerce && after+geometries < leaves([]byte(body)) {
			t.Fatalf("%q became %+v, which is less", body, r.Messages)
		}
	})
}

// leaves counts the values that hold no others.
func leaves(text []byte) int {
	n := 0
	count := func(it jsonscan.Iterator) {
		for it.Next() {
			n += leaves(it.Value)
		}
	}
	switch text = jsonscan.Trim(text); jsonscan.KindOf(text) {
	case jsonscan.Object:
		count(jsonscan.Members(text))
	case jsonscan.Array:
		count(jsonscan.Elements(text))
	default:
		n = 1
	}
	return n
}

// FuzzNames: names are folded alike in both directions.
func FuzzNames(f *testing.F) {
	f.Add("Tempera-ture", "temperature")
	f.Fuzz(func(t *testing.T, a, b string) {
		n := convert.Nearest{Name: a}
		n.Try(b)
		if convert.Fold(a) == convert.Fold(b) && convert.Fold(convert.Fold(a)) != convert.Fold(b) {
			t.Fatalf("%q and %q", a, b)
		}
		if text := convert.Shown(a); strings.ContainsAny(text, "\n\r\x00") || len(text) > 1000 {
			t.Fatalf("%q is shown as %q", a, text)
		}
	})
}

package template_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mayfly/transform/template"
)

// model writes the interface dtmi:t:ID;1 with parts: "<B" extends B, "c=B" is a
// component of B, anything else is telemetry.
func model(id string, parts ...string) string {
	var extends, contents []string
	for _, p := range parts {
		name, of, component := strings.Cut(p, "=")
		parent, inherited := strings.CutPrefix(p, "<")
		switch {
		case inherited:
			extends = append(extends, `"dtmi:t:`+parent+`;1"`)
		case component:
			contents = append(contents, `{"@type":"Component","name":"`+name+`","schema":"dtmi:t:`+of+`;1"}`)
		default:
			contents = append(contents, `{"@type":"Telemetry","name":"`+name+`","schema":"double"}`)
		}
	}
	return `{"@context":"dtmi:dtdl:context;3","@id":"dtmi:t:` + id + `;1","@type":"Interface",` +
		`"extends":[` + strings.Join(extends, ",") + `],"contents":[` + strings.Join(contents, ",") + `]}`
}

// TestBuilder: interfaces refer to one another across files, in any order.
func TestBuilder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files []string
		want  string // of dtmi:t:A;1: telemetry, components, what is missing
	}{
		"extends":                       {[]string{model("A", "<B", "a"), model("B", "b")}, "2 [] []"},
		"extends, the other file first": {[]string{model("B", "b"), model("A", "<B", "a")}, "2 [] []"},
		"extends inside": {[]string{strings.Replace(model("A", "<B"), `"dtmi:t:B;1"`, model("B", "b"), 1)},
			"1 [] []"},
		"extends only": {[]string{model("A", "<B"), model("B", "b", "c")}, "2 [] []"},
		"by two ways": {[]string{
			model("A", "<B", "<C", "a"), model("B", "<D"), model("C", "<D", "c"), model("D", "d", "e=E"), model("E"),
		}, "3 [e] []"},
		"components":             {[]string{model("A", "c=B", "d=B"), model("B", "b")}, "2 [c d] []"},
		"component that extends": {[]string{model("A", "c=B"), model("B", "<C", "b"), model("C", "c")}, "2 [c] []"},
		"inherited component":    {[]string{model("A", "<B"), model("B", "c=C"), model("C", "c")}, "1 [c] []"},
		"what is not there":      {[]string{model("A", "<X", "c=Y", "a")}, "1 [c] [dtmi:t:X;1 dtmi:t:Y;1]"},
		"the same twice": {[]string{
			model("A", "a"), strings.Replace(model("A", "a"), `"extends"`, `"comment":"other words","extends"`, 1),
		}, "1 [] []"},
		"a list":        {[]string{`[` + model("A", "<B") + `,` + model("B", "b") + `]`}, "1 [] []"},
		"a chain of 40": {chain(40), "40 [] []"},
	} {
		b := template.NewBuilder()
		for i, f := range tt.files {
			if _, err := b.Add(fmt.Sprintf("%d.json", i), []byte(f)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		set, err := b.Set()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := set.Model("dtmi:t:A;1")
		if got := fmt.Sprint(m.Telemetry(), m.Components(), m.Missing()); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

// chain writes interfaces each of which extends the next one.
func chain(n int) []string {
	files := []string{model("A", "<A1", "t0")}
	for i := 1; i < n-1; i++ {
		files = append(files, model(fmt.Sprintf("A%d", i), fmt.Sprintf("<A%d", i+1), fmt.Sprintf("t%d", i)))
	}
	return append(files, model(fmt.Sprintf("A%d", n-1), "last"))
}

// TestBuilderFaults: what is wrong between interfaces.
func TestBuilderFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files []string
		want  string
	}{
		"a fault in a file": {[]string{strings.Replace(model("A", "a"), `"double"`, `"odd"`, 1)},
			`0.json:1: contents[0].schema: "odd" is not a schema`},
		"two definitions": {[]string{model("A", "a"), "\n" + model("A", "b")},
			`1.json:2: dtmi:t:A;1 is defined in 0.json:1 as well, and differently`},
		"extends itself": {[]string{model("A", "<A")},
			`0.json:1: extends: the interface extends itself: dtmi:t:A;1 -> dtmi:t:A;1`},
		"extends in a circle": {[]string{model("A", "<B"), model("B", "<A")},
			`0.json:1: extends: the interface extends itself: dtmi:t:A;1 -> dtmi:t:B;1 -> dtmi:t:A;1`},
		"component of itself": {[]string{model("A", "c=A")},
			`0.json:1: the component c is a dtmi:t:A;1, which has components itself; DTDL does not allow that`},
		"component of another": {[]string{model("A", "c=B"), model("B", "d=C"), model("C")},
			`0.json:1: the component c is a dtmi:t:B;1, which has components itself; DTDL does not allow that`},
		"inherited name": {[]string{model("A", "<B", "x"), model("B", "x")},
			`0.json:1: contents: the name "x" is one of dtmi:t:B;1, which the interface extends; names of contents must differ`},
		"two inherited names": {[]string{model("A", "<B", "<C"), model("B", "x"), model("C", "x")},
			`0.json:1: extends: dtmi:t:B;1 and dtmi:t:C;1 both have the name "x"; names of contents must differ`},
		"a chain too long": {chain(70), `interfaces extend one another in a chain longer than 64`},
	} {
		b := template.NewBuilder()
		for i, f := range tt.files {
			_, _ = b.Add(fmt.Sprintf("%d.json", i), []byte(f)) // Set tells it again
		}
		_, err := b.Set()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, tt.want)
		}
	}
}

// TestDiamonds: interfaces that come by many ways cost no more than once.
func TestDiamonds(t *testing.T) {
	t.Parallel()
	files := []string{model("L49", "l"), model("R49", "r")}
	for i := range 49 {
		for _, side := range []string{"L", "R"} {
			id := fmt.Sprintf("%s%d", side, i)
			files = append(files, model(id, fmt.Sprintf("<L%d", i+1), fmt.Sprintf("<R%d", i+1), "t"+id))
		}
	}
	if n := load(t, files...).Model("dtmi:t:L0;1").Telemetry(); n != 99 {
		t.Errorf("%d telemetry, want 99", n)
	}
}

// TestOpenModels: where interfaces are not there, unknown names are not judged.
func TestOpenModels(t *testing.T) {
	t.Parallel()
	set := load(t, model("A", "<X", "a"), model("B", "a", "c=Y"))
	for _, tt := range []struct{ id, component, body, want string }{
		{"dtmi:t:A;1", "", `{"a":"1","b":"x"}`, `{"a":1,"b":"x"}`},
		{"dtmi:t:A;1", "part", `{"b":"x"}`, `part:{"b":"x"}`},
		{"dtmi:t:B;1", "", `{"a":1,"c":{"x":1}}`, `{"a":1} | c:{"x":1}`},
		{"dtmi:t:B;1", "C", `{"x":1}`, `c:{"x":1}`},
	} {
		in := template.Input{ModelID: tt.id, Component: tt.component, Body: []byte(tt.body)}
		if got := told(set.Fit(in, template.Policy{Mode: template.Require, RefuseUnknown: true})); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.id, tt.body, got, tt.want)
		}
	}
}

// TestDeviceTemplate: a device names the template of IoT Central or its interface.
func TestDeviceTemplate(t *testing.T) {
	t.Parallel()
	b := template.NewBuilder()
	text := `{"@id":"dtmi:t:Template;1","@type":["ModelDefinition","DeviceModel"],` +
		`"capabilityModel":` + model("A", "a") + `}`
	roots, err := b.Add("t.json", []byte(text))
	if err != nil || !slices.Equal(roots, []string{"dtmi:t:A;1"}) {
		t.Fatal(roots, err)
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	if m := set.Model("dtmi:t:Template;1"); m == nil || m != set.Model("dtmi:t:A;1") {
		t.Error("the template is not known by both identifiers")
	}
}

// recursive has schemas that hold themselves, and one that no value can have.
const recursive = `{"@context":"dtmi:dtdl:context;4","@id":"dtmi:t:Self;1","@type":"Interface",
	"schemas":[
		{"@id":"dtmi:t:S;1","@type":"Object","fields":[{"name":"x","schema":"double"},{"name":"next","schema":"dtmi:t:S;1"}]},
		{"@id":"dtmi:t:Never;1","@type":"Object",
			"fields":[{"@type":["Field","Required"],"name":"next","schema":"dtmi:t:Never;1"}]}],
	"contents":[
		{"@type":"Telemetry","name":"s","schema":"dtmi:t:S;1"},
		{"@type":"Telemetry","name":"never","schema":"dtmi:t:Never;1"},
		{"@type":"Telemetry","name":"none","schema":{"@type":"Enum","valueSchema":"string","enumValues":[]}},
		{"@type":"Telemetry","name":"id","schema":"uuid"},
		{"@type":"Telemetry","name":"d","schema":"scaledDecimal"}]}`

func TestSample(t *testing.T) {
	t.Parallel()
	set := load(t, device, recursive, model("Empty"))
	for _, id := range []string{"dtmi:test:Device;1", "dtmi:t:Self;1"} {
		messages := set.Model(id).Sample()
		if len(messages) == 0 {
			t.Errorf("%s has no sample", id)
		}
		for i, m := range messages {
			in := template.Input{ModelID: id, Component: m.Component, Body: m.Body}
			r, err := set.Fit(in, template.Policy{Mode: template.Require, RefuseUnknown: true, Explain: true})
			if err != nil || len(r.Changes) > 0 {
				t.Errorf("%s: %s does not fit: %v %v", id, m.Body, err, r.Changes)
			}
			if again := set.Model(id).Sample()[i]; string(again.Body) != string(m.Body) {
				t.Errorf("%s: another sample the second time", id)
			}
		}
	}
	if messages := set.Model("dtmi:t:Empty;1").Sample(); len(messages) != 0 {
		t.Errorf("a sample of nothing: %s", messages[0].Body)
	}
}

// TestMemory: what models take, so that 10,000 take no more than 40 MB.
func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := template.NewBuilder()
	for i := range 1000 {
		text := model(fmt.Sprintf("A%d", i),
			"temperature", "humidity", "battery", "co2", "pressure", "rssi", "snr", "voltage", "lux", "motion")
		if _, err := b.Add("models.json", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	b = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(set.Len()); each > 4096 {
		t.Errorf("%d bytes a model of ten members, want 4096 at most", each)
	}
}

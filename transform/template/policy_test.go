package template_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mayfly/transform/template"
	"mayfly/transform/template/convert"
)

func input(body string) template.Input {
	return template.Input{ModelID: "dtmi:test:Device;1", Body: []byte(body)}
}

// TestReport: a message goes as it is, and everything about it is told.
func TestReport(t *testing.T) {
	t.Parallel()
	set := load(t, device)
	for _, tt := range []struct{ body, want string }{
		{tenMembers, tenMembers},
		{tenCoercions, tenCoercions + " | type count | type total | type on | type seen | type uptime | type place" +
			" | enum state | type readings[0] | name Temperature | type Temperature"},
		{`{"moisture":1}`, `{"moisture":1} | component moisture`},
		{`{"probe":{"Depth":1}}`, `{"probe":{"Depth":1}} | component probe | name probe.Depth`},
		{`{"colour":null}`, `{"colour":null} | unknown colour`},
		{`[1]`, `[1] | type `},
		{`{"count":1`, `{"count":1 | type `},
	} {
		if got := told(set.Fit(input(tt.body), template.Policy{Mode: template.Report})); got != tt.want {
			t.Errorf("Fit(%s)\n got %s\nwant %s", tt.body, got, tt.want)
		}
	}
}

// TestRequire: what does not fit after coercion is refused, with hints.
func TestRequire(t *testing.T) {
	t.Parallel()
	set := load(t, device)
	for _, tt := range []struct{ name, body, want string }{
		{"fits", tenMembers, ""},
		{"can be made to fit", tenCoercions, ""},
		{"unknown telemetry", `{"temprature":21.5}`, ""},
		{"wrong kind", `{"temperature":"warm"}`, "temperature|type|want double, got a string"},
		{"null", `{"temperature":null}`, "temperature|type|want double, got null"},
		{"fraction", `{"count":1.5}`, "count|type|want integer, got a number with a fraction"},
		{"range", `{"count":3000000000}`, "count|range|want integer, -2147483648 to 2147483647"},
		{"time", `{"seen":"noon"}`, `seen|format|want dateTime, RFC 3339, as in "2026-01-31T08:30:00Z"`},
		{"enum", `{"state":"idle"}`, "state|enum|want 0, 1"},
		{"element", `{"readings":[1,{}]}`, "readings[1]|type|want double, got an object"},
		{"field", `{"sensor":{"ok":"maybe"}}`, "sensor.ok|type|want boolean, got a string"},
		{"place", `{"place":{"lat":47.1}}`, "place.lon|required|is missing; want double"},
		{"component", `{"probe":{"depth":"deep"}}`, "probe.depth|type|want integer, got a string"},
		{"odd name", `{"named":{"a \"b\"":"x"}}`, `named."a \"b\""|type|want integer, got a string`},
		{"empty name", `{"named":{"":"x"}}`, `named.""|type|want integer, got a string`},
		{"not an object", `7`, "|type|want a JSON object of measurements"},
		{"empty", ``, "|type|want a JSON object of measurements"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := set.Fit(input(tt.body), template.Policy{Mode: template.Require})
			got := ""
			if mismatch, ok := errors.AsType[*template.Mismatch](err); ok {
				f := mismatch.Findings[0]
				got = f.Path + "|" + f.Rule + "|" + f.Hint
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestRefuseUnknown: telemetry, components and models that there are not.
func TestRefuseUnknown(t *testing.T) {
	t.Parallel()
	set := load(t, device, strings.ReplaceAll(device, ";1\"", ";3\""))
	for _, tt := range []struct {
		in   template.Input
		want string
	}{
		{input(`{"temprature":1}`), "temprature the model has no such telemetry; nearest is temperature (double)"},
		{input(`{"Moistre":1}`),
			"Moistre the model has no such telemetry; nearest is moisture (double) of the component probe"},
		{input(`{"serial":1}`), "serial is a Property of the model, not telemetry"},
		{input(`{"battery":1}`), "battery is the component battery; want an object of its telemetry"},
		{input(`{"voltage":1}`),
			"voltage is like more than one telemetry of the model; send it with the component that has it"},
		{input(`{"temperature":1,"TEMPERATURE":2}`), "TEMPERATURE another member is temperature already"},
		{input(`{"sensor":{"serialNumbr":1}}`), "sensor.serialNumbr the schema has no such field; nearest is serialNumber"},
		{input(`{"a":1,"b":1,"c":1,"d":1,"e":1}`), "a the model has no such telemetry; b the model has no such telemetry; " +
			"c the model has no such telemetry; and 2 more"},
		{template.Input{ModelID: "dtmi:test:Device;2"},
			"modelId there is no template for dtmi:test:Device;2; there is one for dtmi:test:Device;1"},
		{template.Input{ModelID: "dtmi:x:y;1"}, "modelId there is no template for dtmi:x:y;1"},
		{template.Input{ModelID: "dtmi:test:Device;1", Component: "probes"},
			"component the model has no component probes; nearest is probe"},
	} {
		_, err := set.Fit(tt.in, template.Policy{Mode: template.Require, RefuseUnknown: true})
		if got := fmt.Sprint(err); got != "the message does not fit the model "+tt.in.ModelID+": "+tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.in.Body, got, tt.want)
		}
		r, err := set.Fit(tt.in, template.Policy{Mode: template.Require})
		if err != nil || len(r.Findings) == 0 || len(r.Messages) != 1 || string(r.Messages[0].Body) != string(tt.in.Body) {
			t.Errorf("%s: without unknown: refuse: %+v %v", tt.in.Body, r, err)
		}
	}
}

// TestComponentMessages: a message that names its component is compared with that.
func TestComponentMessages(t *testing.T) {
	t.Parallel()
	set := load(t, device)
	for _, tt := range []struct{ component, body, want string }{
		{"probe", `{"depth":1.0}`, `probe:{"depth":1}`},
		{"Probe", `{"depth":1}`, `probe:{"depth":1}`},
		{"battery", `{"Voltage":"3.3"}`, `battery:{"voltage":3.3}`},
		{"battery", `{"temperature":1}`, `battery:{"temperature":1} | unknown temperature`},
		{"pump", `{"depth":1}`, `pump:{"depth":1} | unknown component`},
	} {
		in := input(tt.body)
		in.Component = tt.component
		if got := told(set.Fit(in, template.Policy{Mode: template.Coerce})); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.component, tt.body, got, tt.want)
		}
	}
}

// TestUnchecked: no model, no models, no policy.
func TestUnchecked(t *testing.T) {
	t.Parallel()
	set := load(t, device)
	strict := template.Policy{Mode: template.Require, RefuseUnknown: true}
	for name, tt := range map[string]struct {
		set    *template.Set
		in     template.Input
		policy template.Policy
	}{
		"off":       {set, input(`{"x":"y"}`), template.Policy{}},
		"no model":  {set, template.Input{Body: []byte(`{"x":"y"}`)}, strict},
		"no models": {load(t), input(`{"x":"y"}`), strict},
		"no set":    {nil, input(`{"x":"y"}`), strict},
	} {
		if got := told(tt.set.Fit(tt.in, tt.policy)); got != `{"x":"y"}` {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestExplain: changes are told where they are asked for.
func TestExplain(t *testing.T) {
	t.Parallel()
	set := load(t, device)
	r, err := set.Fit(input(tenCoercions), template.Policy{Mode: template.Require, Explain: true})
	if err != nil || len(r.Changes) != 10 || len(r.Findings) != 0 {
		t.Errorf("%d changes, %d findings, %v", len(r.Changes), len(r.Findings), err)
	}
	r, err = set.Fit(input(tenCoercions), template.Policy{Mode: template.Require})
	if err != nil || len(r.Changes) != 0 {
		t.Errorf("%d changes, %v", len(r.Changes), err)
	}
}

// TestManyFindings: a message of nothing but faults costs little and tells enough.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	set := load(t, device)
	var b strings.Builder
	b.WriteString(`{"on":1`)
	for i := range 5000 {
		fmt.Fprintf(&b, `,"temp%d":1,"tempera%sture":2,"x%d":{"y":3}`, i, strings.Repeat("-", i%7), i)
	}
	b.WriteString(`,"sensor":{` + strings.Repeat(`"colour":1,`, 100) + `"ok":1},"count":"x"}`)
	_, err := set.Fit(input(b.String()), template.Policy{Mode: template.Require})
	var mismatch *template.Mismatch
	if !errors.As(err, &mismatch) {
		t.Fatal(err)
	}
	if len(mismatch.Findings) > 2*convert.MaxFindings || mismatch.More < 10_000 || len(err.Error()) > 1000 {
		t.Errorf("%d findings and %d more: %v", len(mismatch.Findings), mismatch.More, err)
	}
	if mismatch.Findings[0].Path != "count" {
		t.Errorf("the first finding is %v, want what it is refused for", mismatch.Findings[0])
	}
}

func TestParseMode(t *testing.T) {
	t.Parallel()
	for mode := template.Off; mode <= template.Require; mode++ {
		if got, err := template.ParseMode(mode.String()); got != mode || err != nil {
			t.Errorf("%s: %v %v", mode, got, err)
		}
	}
	_, err := template.ParseMode("on")
	if want := `"on" is not a template policy; want off, report, coerce, require`; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

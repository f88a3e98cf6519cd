package draft_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mayfly/transform"
	"mayfly/transform/template"
	"mayfly/transform/template/draft"
)

// TestBuiltInSources: the samples of each source make a model that they fit.
func TestBuiltInSources(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, err := tr.Source(name)
			if err != nil {
				t.Fatal(err)
			}
			var messages []draft.Message
			for _, sample := range source.Definition.Samples {
				out, err := source.Map(context.Background(), sample.Request.Request(name))
				if err != nil {
					continue // a sample of what is refused
				}
				for _, m := range out.Messages {
					messages = append(messages, draft.Message{Component: m.Component, Body: m.Body})
				}
			}
			id := "dtmi:test:Source;1"
			d, err := draft.New(id, name, messages)
			if err != nil {
				t.Fatal(err)
			}
			set := load(t, d.Model)
			for _, m := range messages {
				in := template.Input{ModelID: id, Component: m.Component, Body: m.Body}
				if _, err := set.Fit(in, template.Policy{Mode: template.Require}); err != nil {
					t.Errorf("%s: %v", m.Body, err)
				}
			}
			for _, m := range set.Model(id).Sample() {
				in := template.Input{ModelID: id, Component: m.Component, Body: m.Body}
				r, err := set.Fit(in, template.Policy{Mode: template.Require, RefuseUnknown: true, Explain: true})
				if err != nil || len(r.Changes) > 0 {
					t.Errorf("the sample %s does not fit: %v %v", m.Body, err, r.Changes)
				}
			}
		})
	}
}

func load(t *testing.T, model []byte) *template.Set {
	t.Helper()
	b := template.NewBuilder()
	if _, err := b.Add("draft.json", model); err != nil {
		t.Fatal(err)
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// describe writes the contents of a draft in short, and what it leaves out.
func describe(t *testing.T, d draft.Draft) string {
	t.Helper()
	var model struct {
		Contents []struct {
			Type              any `json:"@type"`
			Name, DisplayName string
			Schema            any
			Unit              string
		}
	}
	if err := json.Unmarshal(d.Model, &model); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, c := range model.Contents {
		kind := strings.TrimPrefix(strings.Trim(fmt.Sprint(c.Type), "[]"), "Telemetry")
		text := c.Name + ":" + short(c.Schema)
		for _, more := range []string{kind, c.Unit, c.DisplayName} {
			if more = strings.TrimSpace(more); more != "" {
				text += "/" + more
			}
		}
		parts = append(parts, text)
	}
	for _, l := range d.Omitted {
		parts = append(parts, "!"+l.Path)
	}
	return strings.Join(parts, " ")
}

func short(schema any) string {
	m, ok := schema.(map[string]any)
	if !ok {
		return fmt.Sprint(schema)
	}
	switch m["@type"] {
	case "Array":
		return "[" + short(m["elementSchema"]) + "]"
	case "Map":
		return "<" + short(m["mapValue"].(map[string]any)["schema"]) + ">"
	}
	list, _ := m["fields"].([]any)
	if contents, ok := m["contents"].([]any); ok {
		list = contents
	}
	var parts []string
	for _, f := range list {
		field := f.(map[string]any)
		parts = append(parts, fmt.Sprint(field["name"])+":"+short(field["schema"]))
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func TestNew(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bodies []string
		want   string
	}{
		"numbers": {[]string{`{"a":1,"b":2147483648,"c":1.0,"d":9223372036854775808}`},
			"a:integer b:long c:double d:double"},
		"wider numbers": {[]string{`{"a":1,"b":1}`, `{"a":1.5,"b":-3000000000}`}, "a:double b:long"},
		"too big":       {[]string{`{"a":1e999,"b":1}`}, "b:integer !a"},
		"strings": {[]string{
			`{"a":"x","b":"2026-01-31T08:30:00Z","c":"2026-01-31"}`,
			`{"d":"08:30:00Z","e":"PT5S","f":"2026-01-31 08:30:00"}`,
		}, "a:string b:dateTime c:date d:time e:duration f:string"},
		"strings of several forms": {[]string{`{"a":"2026-01-31"}`, `{"a":"x"}`}, "a:string"},
		"boolean":                  {[]string{`{"a":true}`}, "a:boolean"},
		"several kinds":            {[]string{`{"a":true,"b":1}`, `{"a":1,"b":1}`}, "b:integer !a"},
		"null":                     {[]string{`{"a":1,"b":1}`, `{"a":null}`}, "b:integer !a"},
		"lists": {[]string{`{"a":[1,2.5],"b":[],"c":[1,"x"],"d":[{"x":1},{"x":2.5,"y":true}]}`},
			"a:[double] d:[{x:double y:boolean}] !b !c[]"},
		"objects": {[]string{`{"a":{"x":1,"y":{"z":"s"}},"b":{},"c":{"1":1,"2":2.5},"d":{"1":{"x":1}}}`},
			"a:{x:integer y:{z:string}} c:<double> !b !d"},
		"places": {[]string{
			`{"a":{"lat":1,"lon":2},"b":{"latitude":1.5,"Longitude":2,"altitude":3}}`,
			`{"c":{"type":"Point","coordinates":[1,2]},"d":{"lat":1}}`,
		}, "a:geopoint/Location b:geopoint/Location c:point/Location d:{lat:integer}"},
		"shapes": {[]string{
			`{"a":{"type":"Polygon","coordinates":[[[1,2],[3,4],[5,6],[1,2]]]}}`,
			`{"b":[[{"type":"Point","coordinates":[1,2]}]]}`,
		}, "a:polygon b:[[point]]"},
		"too deep": {[]string{`{"a":[[[[[1]]]]],"b":[[[[[[1]]]]]],"c":[[[[[{"lat":1,"lon":2}]]]]]}`},
			"a:[[[[[integer]]]]] !b[][][][][][] !c[][][][][]"},
		"odd names": {[]string{`{"wind.speed":1,"2nd":1,"a-b c":1,"_x_":1,"größe":1}`},
			"wind_speed:integer/wind.speed a_b_c:integer/a-b c x:integer/_x_ !2nd !\"gr\\u00f6\\u00dfe\""},
		"names alike": {[]string{`{"Temp":1,"temp":1.5,"a.b":1,"a_b":1}`}, "Temp:integer temp:double a_b:integer !a.b"},
		"degrees": {[]string{`{"temperature":1,"temp_c":1,"tempF":1}`},
			"temperature:integer temp_c:integer/Temperature/degreeCelsius tempF:integer/Temperature/degreeFahrenheit"},
		"units": {[]string{`{"battery_voltage_mv":1,"pressure-hpa":1,"humidity_pct":1}`},
			"battery_voltage_mv:integer/Voltage/millivolt pressure_hpa:integer/Pressure/millibar/pressure-hpa " +
				"humidity_pct:integer/RelativeHumidity/percent"},
		"unit of no number": {[]string{`{"illuminance_lux":"dark","speedKmh":1}`},
			"illuminance_lux:string speedKmh:integer/Velocity/kilometrePerHour"},
		"letters that number things": {[]string{`{"temperature_a":1,"temperature_b":1,"temperature_c":1}`},
			"temperature_a:integer temperature_b:integer temperature_c:integer"},
		"left out, and like another": {[]string{`{"x":1,"y":1}`, `{"X":null}`}, "y:integer !X !X"},
		"likewise, with a space":     {[]string{`{"a":1,"y":1}`, `{"A ":null}`}, "y:integer !\"A \" !\"A \""},
	} {
		var messages []draft.Message
		for _, body := range tt.bodies {
			messages = append(messages, draft.Message{Body: []byte(body)})
		}
		d, err := draft.New("dtmi:test:Draft;1", name, messages)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := describe(t, d); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

func TestComponents(t *testing.T) {
	t.Parallel()
	d, err := draft.New("dtmi:test:Draft;1", "", []draft.Message{
		{Body: []byte(`{"a":1}`)},
		{Component: "probe", Body: []byte(`{"b":{"lat":1,"lon":2}}`)}, {Component: "probe", Body: []byte(`{"c":true}`)},
		{Component: "odd-name", Body: []byte(`{"d":1}`)}, {Component: "empty", Body: []byte(`{}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(t, d), "a:integer probe:{b:geopoint c:boolean}/Component !odd-name"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ id, body, want string }{
		"identifier": {"dtmi:x", `{"a":1}`,
			`"dtmi:x" is not the identifier of a model in DTDL 2, as in dtmi:com:example:Thermostat;1`},
		"minor version": {"dtmi:x;1.2", `{"a":1}`,
			`"dtmi:x;1.2" is not the identifier of a model in DTDL 2, as in dtmi:com:example:Thermostat;1`},
		"not an object": {"dtmi:x;1", `[1]`, "message 0 is not a JSON object"},
		"not JSON":      {"dtmi:x;1", `{"a"`, "message 0 is not a JSON object"},
		"nothing":       {"dtmi:x;1", `{"a":null}`, "nothing in the messages can be modelled"},
	} {
		_, err := draft.New(tt.id, "", []draft.Message{{Body: []byte(tt.body)}})
		if fmt.Sprint(err) != tt.want {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// TestLimits: DTDL 2 allows 300 contents and 30 fields.
func TestLimits(t *testing.T) {
	t.Parallel()
	members := func(n int, value string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"n%d":%s`, i, value))
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	d, err := draft.New("dtmi:x;1", strings.Repeat("é", 100), []draft.Message{{Body: []byte(members(310, "1"))}})
	if err != nil || strings.Count(string(d.Model), "Telemetry") != 300 || len(d.Omitted) != 10 {
		t.Errorf("%d left out, %v", len(d.Omitted), err)
	}
	fields := `{"same":` + members(31, "1") + `,"mixed":` + strings.Replace(members(31, "1"), `:1`, `:"x"`, 1) + `}`
	d, err = draft.New("dtmi:x;1", "", []draft.Message{{Body: []byte(fields)}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(t, d), "same:<integer> !mixed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzNew: the messages fit their draft.
func FuzzNew(f *testing.F) {
	f.Add(`{"a":1,"b":"x","c":{"d":[1.5]},"e":{"lat":1,"lon":2}}`, `{"A":null,"b":"2026-01-31","c":{},"e":[1]}`)
	f.Fuzz(func(t *testing.T, one, two string) {
		messages := []draft.Message{{Body: []byte(one)}, {Body: []byte(two)}, {Component: "part", Body: []byte(two)}}
		d, err := draft.New("dtmi:test:Draft;1", one, messages)
		if err != nil {
			return // nothing can be modelled
		}
		set := load(t, d.Model)
		for _, m := range messages {
			in := template.Input{ModelID: "dtmi:test:Draft;1", Component: m.Component, Body: m.Body}
			if _, err := set.Fit(in, template.Policy{Mode: template.Require}); err != nil {
				t.Fatalf("%s\n%v", d.Model, err)
			}
		}
	})
}

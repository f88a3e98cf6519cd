package playground

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/emulator/console"
)

func TestEverySample(t *testing.T) {
	t.Parallel()
	p := New(nil)
	for _, name := range p.Sources() {
		source, ok := p.Source(name.Name)
		if !ok || len(source.Samples) == 0 {
			t.Errorf("%s: no samples", name.Name)
		}
		good := 0
		for _, sample := range source.Samples {
			got := p.Try(t.Context(), console.Trial{Source: name.Name, Request: sample.Request})
			if got.Problem != nil && got.Problem.Where == "mapping" {
				t.Errorf("%s: %s", name.Name, got.Problem.Detail)
			}
			if got.Problem == nil {
				good++
			}
		}
		if good == 0 {
			t.Errorf("%s: no sample becomes a message", name.Name)
		}
	}
}

// Sources of a group are together, and the groups are in their order.
func TestSourcesAreGrouped(t *testing.T) {
	t.Parallel()
	last := -1
	for _, s := range New(nil).Sources() {
		at := groupOrder(s.Group)
		if at < last || s.Group != "" && at < 0 {
			t.Errorf("%s of %q is out of order", s.Name, s.Group)
		}
		last = at
	}
	if last < 1 {
		t.Error("there are no groups")
	}
}

func TestEditedMapping(t *testing.T) {
	t.Parallel()
	p := New(nil)
	const mapping = "name: mine\ndeviceId: .id\nmeasurements: '{t: .t}'\nsamples: []\n"
	try := func(definition, body string) console.Result {
		return p.Try(t.Context(), console.Trial{Source: "tts", Definition: definition,
			Request: console.Request{Body: body}})
	}
	got := try(mapping, `{"id":"a","t":21.50}`)
	if len(got.Messages) != 1 || got.Messages[0].DeviceID != "a" || !strings.Contains(got.Messages[0].Body, "21.50") {
		t.Errorf("%+v", got)
	}
	if len(got.Steps) < 2 || got.Steps[0].Name != "deviceId" || got.Steps[0].Value != `"a"` || got.Answer != "200" {
		t.Errorf("steps %+v, answer %q", got.Steps, got.Answer)
	}
	got = try(strings.Replace(mapping, ".id", `'"field-" + .id'`, 1), `{"id":"a","t":1}`)
	if got.Problem != nil || got.Messages[0].DeviceID != "field-a" {
		t.Errorf("%+v %+v", got, got.Problem)
	}
	got = try(mapping+"allowFrom: [192.0.2.0/24]\nsignature: {scheme: soracom, secrets: [x]}\n", `{"id":"a","t":1}`)
	if got.Problem != nil {
		t.Errorf("a source that says who may send to it: %+v", got.Problem)
	}
	got = try(mapping+"timestamp: .at | utc\n", `{"id":"a","t":1,"at":"yesterday"}`)
	if last := got.Steps[len(got.Steps)-1]; last.Name != "note" || !strings.Contains(last.Error, "aaaaaaaaa") {
		t.Errorf("a time that cannot be read: %+v", last)
	}
	for _, tt := range []struct{ name, definition, body, where, want string }{
		{"not YAML", "name: [", `{}`, "mapping", ""},
		{"not jq", strings.Replace(mapping, ".id", ".[", 1), `{}`, "mapping", "deviceId"},
		{"not JSON", mapping, `{"id"`, "request", "line 1"},
		{"no device", mapping, `{"t":1}`, "request", ""},
	} {
		got := try(tt.definition, tt.body)
		if got.Problem == nil || got.Problem.Where != tt.where || !strings.Contains(got.Problem.Detail, tt.want) {
			t.Errorf("%s: %+v", tt.name, got.Problem)
		}
	}
	if got := p.Try(t.Context(), console.Trial{Source: "none"}); got.Problem == nil {
		t.Error("an unknown source was tried")
	}
	if _, ok := p.Source("none"); ok {
		t.Error("an unknown source was found")
	}
}

// TestTemplates: the playground has the sources and the templates of the configuration.
func TestTemplates(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "mayfly.yaml")
	for name, text := range map[string]string{
		"mayfly.yaml": "templates: [meter.json]\ntemplate: require\nsources:\n  - {name: mine, each: '.[]', " +
			"deviceId: .id, modelId: '\"dtmi:acme:Meter;1\"', measurements: .m, template: coerce}\n",
		"meter.json": `{"@context":"dtmi:dtdl:context;2","@id":"dtmi:acme:Meter;1","@type":"Interface","contents":[
  {"@type":"Telemetry","name":"count","schema":"integer"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	transformer, options, err := trial.Load([]string{"CONFIG=" + path}, path)
	if err != nil {
		t.Fatal(err)
	}
	p := New(nil)
	p.Use(transformer, options)
	if source, ok := p.Source("mine"); !ok || !strings.Contains(source.Definition, "name: mine") {
		t.Errorf("%+v", source)
	}
	got := p.Try(t.Context(), console.Trial{Source: "mine",
		Request: console.Request{Body: `[{"id":"a","m":{"count":"7"}},{"id":"b","m":{"count":"x"}}]`}})
	if got.Problem != nil || len(got.Messages) != 2 || !strings.Contains(got.Messages[0].Body, ": 7") {
		t.Fatalf("%+v", got)
	}
	last := got.Steps[len(got.Steps)-1]
	if last.Part != "[1]" || last.Name != "template count" || last.Expression != "coerce dtmi:acme:Meter;1" ||
		!strings.Contains(last.Error, "want integer, got a string") {
		t.Errorf("%+v", last)
	}
	got = p.Try(t.Context(), console.Trial{Source: "telemetry", Request: console.Request{
		Body: `{"device":{"deviceId":"a","modelId":"dtmi:acme:Meter;1"},"measurements":{"count":"x"}}`}})
	if got.Problem == nil || got.Problem.Code != "template-mismatch" || len(got.Messages) != 0 || got.Answer != "" ||
		got.Problem.Fields[0].Path != "count" {
		t.Errorf("%+v %+v", got, got.Problem)
	}
	if _, _, err := trial.Load(nil, filepath.Join(folder, "none.yaml")); err == nil {
		t.Error("a configuration that is not there was loaded")
	}
}

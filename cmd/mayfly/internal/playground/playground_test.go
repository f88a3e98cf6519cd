package playground

import (
	"strings"
	"testing"

	"mayfly/emulator/console"
)

func TestEverySample(t *testing.T) {
	t.Parallel()
	p := New()
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

func TestEditedMapping(t *testing.T) {
	t.Parallel()
	p := New()
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

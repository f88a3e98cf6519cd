package fitting

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"mayfly/transform"
	"mayfly/transform/message"
	"mayfly/transform/template"
)

const models = `{"@context":"dtmi:dtdl:context;2","@id":"dtmi:acme:Meter;1","@type":"Interface","contents":[
  {"@type":"Telemetry","name":"count","schema":"integer"},
  {"@type":"Component","name":"door","schema":{"@id":"dtmi:acme:Door;1","@type":"Interface","contents":[
    {"@type":"Telemetry","name":"open","schema":"boolean"}]}}]}`

// TestPolicy: the source's policy comes before the fleet's, the fleet's before the global one, and a fleet's model is
// that of devices that name none.
func TestPolicy(t *testing.T) {
	t.Parallel()
	b := template.NewBuilder()
	if _, err := b.Add("models.json", []byte(models)); err != nil {
		t.Fatal(err)
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	mode := func(m template.Mode) *template.Policy { return &template.Policy{Mode: m} }
	f := New(set, &Policies{
		Global: template.Policy{Mode: template.Coerce},
		Sources: map[string]*template.Policy{
			"strict": mode(template.Require), "loose": mode(template.Off), "usual": nil,
		},
		Fleets: map[string]Fleet{
			"": {}, "north": {ModelID: "dtmi:acme:Meter;1", Policy: mode(template.Report)},
			"south": {ModelID: "dtmi:acme:Meter;1"},
		},
	})
	const meter = "dtmi:acme:Meter;1"
	for _, tc := range []struct {
		name, source, fleet, model, body string
		want                             string // the bodies, or "refused"
		noted                            bool
	}{
		{"global", "", "", meter, `{"count":"3"}`, `{"count":3}`, false},
		{"of a source without a policy", "usual", "", meter, `{"count":"3"}`, `{"count":3}`, false},
		{"of a fleet", "usual", "north", "", `{"count":"3"}`, `{"count":"3"}`, true},
		{"of a fleet without a policy", "", "south", "", `{"count":"3"}`, `{"count":3}`, false},
		{"of a source and a fleet", "loose", "north", "", `{"count":"three"}`, `{"count":"three"}`, false},
		{"refused by a source", "strict", "north", "", `{"count":"three"}`, "refused", false},
		{"no model", "strict", "", "", `{"count":"three"}`, `{"count":"three"}`, false},
		{"an unknown member", "", "", meter, `{"other":"secret text"}`, `{"other":"secret text"}`, true},
		{"of a component", "", "", meter, `{"count":1,"door":{"open":true}}`, `{"count":1} door:{"open":true}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := message.Message{DeviceID: "d", Fleet: tc.fleet, ModelID: tc.model, Body: []byte(tc.body)}
			out, notes, err := f.Fit(m, tc.source)
			var parts []string
			for _, one := range out {
				parts = append(parts, strings.TrimPrefix(one.Component+":", ":")+string(one.Body))
			}
			if _, ok := errors.AsType[*template.Mismatch](err); ok {
				parts = append(parts, "refused")
			}
			if got := strings.Join(parts, " "); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if (len(notes) > 0) != tc.noted {
				t.Errorf("%v", notes)
			}
			for _, n := range notes {
				if n.Kind != transform.NoteTemplate || n.DeviceID != "d" || strings.Contains(n.Text, "secret text") {
					t.Errorf("%+v", n)
				}
			}
		})
	}
}

func TestNoTemplates(t *testing.T) {
	t.Parallel()
	if New(nil, &Policies{}) != nil {
		t.Error("there is something to do without templates")
	}
}

// TestWarn: interfaces that no file has are logged, each once.
func TestWarn(t *testing.T) {
	t.Parallel()
	b := template.NewBuilder()
	missing := strings.Replace(models, `"@type":"Interface",`, `"@type":"Interface","extends":"dtmi:acme:Gone;1",`, 1)
	for i, text := range []string{missing, strings.ReplaceAll(missing, ":Meter", ":Meter2")} {
		if _, err := b.Add(string(rune('a'+i))+".json", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	New(set, &Policies{}).Warn(slog.New(slog.NewTextHandler(&log, nil)))
	if got := log.String(); strings.Count(got, "dtmi:acme:Gone;1") != 1 || !strings.Contains(got, "level=WARN") {
		t.Errorf("%q", got)
	}
	New(nil, &Policies{}).Warn(nil)
}

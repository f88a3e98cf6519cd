package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/transform"
	"mayfly/transform/template"
)

const thermostat = `{"@context":"dtmi:dtdl:context;2","@id":"dtmi:acme:Thermostat;1","@type":"Interface","contents":[
  {"@type":"Telemetry","name":"temperature","schema":"double"},
  {"@type":"Component","name":"door","schema":"dtmi:acme:Door;1"}]}`

const door = `{"@context":"dtmi:dtdl:context;2","@id":"dtmi:acme:Door;1","@type":"Interface","contents":[
  {"@type":"Telemetry","name":"open","schema":"boolean"}]}`

// folderOf writes files into a temporary folder.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestTemplateCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  []string // the beginnings of the lines, by file name
		code  int
	}{
		{"two that refer to each other", map[string]string{"a.json": thermostat, "b.json": door},
			[]string{"ok dtmi:acme:Thermostat;1 2 telemetry  ", "ok dtmi:acme:Door;1 1 telemetry  "}, exitOK},
		{"one that refers to what is not there", map[string]string{"a.json": thermostat},
			[]string{"ok dtmi:acme:Thermostat;1 1 telemetry (not checked: dtmi:acme:Door;1)  "}, exitOK},
		{"a byte order mark", map[string]string{"a.json": "\ufeff" + door}, []string{"ok dtmi:acme:Door;1 1"}, exitOK},
		{"a good one beside a broken one", map[string]string{"a.json": "{", "b.json": door},
			[]string{"*a.json:1: ", "ok dtmi:acme:Door;1 1 telemetry  "}, exitFailed},
		{"the same id with other contents",
			map[string]string{"a.json": door, "b.json": strings.Replace(door, "boolean", "double", 1)},
			[]string{"ok dtmi:acme:Door;1 1 telemetry  ", "*b.json:1: dtmi:acme:Door;1 is defined in "}, exitFailed},
		{"an unknown schema", map[string]string{"a.json": strings.Replace(door, "boolean", "bool", 1)},
			[]string{"*a.json:2: contents[0].schema"}, exitFailed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := command(t, nil, "template", "check", folderOf(t, tc.files))
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if code != tc.code || len(lines) != len(tc.want) {
				t.Fatalf("%d\n%s%s", code, out, errs)
			}
			for i, want := range tc.want {
				if part, anywhere := strings.CutPrefix(want, "*"); anywhere && !strings.Contains(lines[i], part) ||
					!anywhere && !strings.HasPrefix(lines[i], want) {
					t.Errorf("%s\nwant %s", lines[i], want)
				}
			}
		})
	}
	if code, _, errs := command(t, nil, "template", "check", "no-such-folder"); code != exitFailed ||
		!strings.Contains(errs, "no-such-folder") {
		t.Errorf("%d %s", code, errs)
	}
}

func TestTemplateSample(t *testing.T) {
	t.Parallel()
	folder := folderOf(t, map[string]string{"a.json": thermostat, "b.json": door})
	want := `{"device":{"deviceId":"sample-1","modelId":"dtmi:acme:Thermostat;1"},"measurements":{"temperature":21.5}}
{"device":{"deviceId":"sample-1","modelId":"dtmi:acme:Thermostat;1"},"component":"door","measurements":{"open":true}}
`
	code, out, errs := command(t, []string{"TEMPLATES=" + folder}, "template", "sample", "dtmi:acme:Thermostat;1")
	if code != 0 || out != want {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	code, out, _ = command(t, nil, "template", "sample", filepath.Join(folder, "b.json"), "--device", "d-1")
	want = `{"device":{"deviceId":"d-1","modelId":"dtmi:acme:Door;1"},"measurements":{"open":true}}` + "\n"
	if code != 0 || out != want {
		t.Errorf("%d %s", code, out)
	}
	code, _, errs = command(t, nil, "template", "sample", "dtmi:acme:Thermostat;1")
	if code != exitFailed || !strings.Contains(errs, "TEMPLATES") {
		t.Errorf("%d %s", code, errs)
	}
}

// A draft from each source passes check, and the source's own samples fit it.
func TestTemplateDraft(t *testing.T) {
	t.Parallel()
	for _, name := range transform.New().SourceNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := command(t, nil, "template", "draft", name)
			if code != 0 {
				t.Fatal(errs)
			}
			path := file(t, "draft.json", out)
			if code, lines, _ := command(t, nil, "template", "check", path); code != 0 {
				t.Errorf("%s\n%s", lines, out)
			}
			b := template.NewBuilder()
			ids, err := b.Add(path, []byte(out))
			if err != nil {
				t.Fatal(err)
			}
			set, err := b.Set()
			if err != nil {
				t.Fatal(err)
			}
			source, err := transform.New().Source(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, sample := range source.Samples {
				for _, m := range sample.Messages {
					in := template.Input{ModelID: ids[0], Component: m.Component, Body: []byte(m.Body)}
					if _, err := set.Fit(in, template.Policy{Mode: template.Require}); err != nil {
						t.Errorf("%s: %v", sample.Name, err)
					}
				}
			}
		})
	}
}

func TestTemplateDraftOfBodies(t *testing.T) {
	t.Parallel()
	body := `{"end_device_ids":{"device_id":"d"},"uplink_message":{"decoded_payload":{"depth":3,"full":true}},
		"received_at":"2026-03-14T10:00:00Z"}`
	args := []string{"template", "draft", "tts", "-", "--id", "dtmi:acme:Tank;2", "--name", "Tank"}
	code, out, errs := commandWith(t, body, nil, args...)
	var model struct {
		ID       string `json:"@id"`
		Name     string `json:"displayName"`
		Contents []struct{ Name, Schema string }
	}
	if err := json.Unmarshal([]byte(out), &model); err != nil || code != 0 {
		t.Fatal(err, errs)
	}
	if model.ID != "dtmi:acme:Tank;2" || model.Name != "Tank" || len(model.Contents) != 2 {
		t.Errorf("%+v", model)
	}
	if code, _, errs := commandWith(t, "nonsense", nil, "template", "draft", "tts", "-"); code == 0 ||
		!strings.HasPrefix(errs, "mayfly: -: ") {
		t.Errorf("%d %s", code, errs)
	}
	code, _, errs = command(t, nil, "template", "draft", "nobody")
	if code == 0 || !strings.Contains(errs, "unknown source") {
		t.Errorf("%d %s", code, errs)
	}
}

// TestSampleModel: a sample that names a device template proves that its messages fit.
func TestSampleModel(t *testing.T) {
	t.Parallel()
	const source = `templates: [models]
sources:
  - name: mine
    deviceId: .id
    measurements: .m
    samples:
      - {name: one, model: MODEL, request: {body: '{"id":"a","m":BODY}'}, messages: [{deviceId: a, body: 'BODY'}]}
`
	for _, tc := range []struct{ name, model, body, want string }{
		{"a DTMI", "dtmi:acme:Door;1", `{"open":true}`, ""},
		{"a file", "models/door.json", `{"open":"on"}`, ""},
		{"what does not fit", "dtmi:acme:Door;1", `{"open":"ajar"}`,
			"body.open does not fit dtmi:acme:Door;1: want boolean, got a string"},
		{"telemetry that the model does not have", "models/door.json", `{"open":true,"height":2}`,
			"warning: source mine: sample \"one\": body.height does not fit dtmi:acme:Door;1: " +
				"the model has no such telemetry"},
		{"no such model", "dtmi:acme:Window;1", `{"open":true}`, "there is no dtmi:acme:Window;1 among the templates"},
		{"no such file", "window.json", `{"open":true}`, "window.json: no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			folder := folderOf(t, map[string]string{
				"mayfly.yaml": strings.NewReplacer("MODEL", tc.model, "BODY", tc.body).Replace(source),
			})
			if err := os.Mkdir(filepath.Join(folder, "models"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "models", "door.json"), []byte(door), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, errs := command(t, nil, "check", filepath.Join(folder, "mayfly.yaml"))
			if failed := tc.want != "" && !strings.HasPrefix(tc.want, "warning"); (code != exitOK) != failed {
				t.Errorf("exit code %d: %s", code, errs)
			}
			contains(t, out, tc.want)
		})
	}
}

// TestMissingInterface: check warns of an interface that no file has.
func TestMissingInterface(t *testing.T) {
	t.Parallel()
	folder := folderOf(t, map[string]string{"mayfly.yaml": "templates: [a.json]\n", "a.json": thermostat})
	code, out, _ := command(t, nil, "check", filepath.Join(folder, "mayfly.yaml"))
	if code != exitOK {
		t.Errorf("exit code %d", code)
	}
	contains(t, out, "warning: ", "dtmi:acme:Door;1 is referred to and no file has it")
}

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/transform/template"
)

const doorModel = `{"@context":"dtmi:dtdl:context;2","@id":"dtmi:acme:Door;1","@type":"Interface","contents":[
  {"@type":"Telemetry","name":"open","schema":"boolean"}]}`

// TestTemplates: which files are read, and what happens to telemetry that does not fit them.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, file string
		variables  []string
		models     int
		policy     template.Policy
		fault      string
	}{
		{name: "none", policy: template.Policy{}},
		{name: "a policy without templates", file: "template: require",
			policy: template.Policy{Mode: template.Require}},
		{name: "templates alone", file: "templates: [models]", models: 1,
			policy: template.Policy{Mode: template.Report}},
		{name: "in the file", file: "templates: [models/door.json]\ntemplate: coerce", models: 1,
			policy: template.Policy{Mode: template.Coerce}},
		{name: "unknown telemetry refused", models: 1,
			file:   "templates: ['models/*.json']\ntemplate: {require: {unknown: refuse}}",
			policy: template.Policy{Mode: template.Require, RefuseUnknown: true}},
		{name: "the variable before the file", file: "templates: [models]\ntemplate: require",
			variables: []string{"TEMPLATE=off"}, models: 1},
		{name: "in a variable", variables: []string{"TEMPLATES=FOLDER/models, FOLDER/models/door.json"}, models: 1,
			policy: template.Policy{Mode: template.Report}},
		{name: "of a source and a fleet", file: "templates: [models]\nsources: [{from: tts, template: require}]\n" +
			"fleets: [{name: north, idScope: 0ne2, groupKey: bWF5Zmx5, template: off}]", models: 1,
			policy: template.Policy{Mode: template.Report}},
		{name: "no such file", file: "templates: [mdoels]", fault: "templates[0]: mdoels: "},
		{name: "a broken model", file: "templates: [broken.json]", fault: "broken.json:1: "},
		{name: "no such policy", file: "template: strict", fault: "strict"},
		{name: "no such policy in a variable", variables: []string{"TEMPLATE=strict"}, fault: "TEMPLATE"},
		{name: "half a policy", file: "template: {require: {}}", fault: "want off, report, coerce, require"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for name, text := range map[string]string{
				"models/door.json": doorModel, "broken.json": "{", "mayfly.yaml": tc.file,
			} {
				path := filepath.Join(folder, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			environ := []string{"ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=none",
				"CONFIG=" + filepath.Join(folder, "mayfly.yaml")}
			for _, v := range tc.variables {
				environ = append(environ, strings.ReplaceAll(v, "FOLDER", folder))
			}
			c, err := Load(environ)
			if tc.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fault) {
					t.Errorf("%v, want %s", err, tc.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Templates.Len() != tc.models || c.TemplatePolicy != tc.policy {
				t.Errorf("%d models, policy %+v", c.Templates.Len(), c.TemplatePolicy)
			}
		})
	}
}

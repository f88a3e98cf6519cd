package deploy_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestWorkflows looks at what may run with the repository's rights.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no workflows: ", err)
	}
	targets := string(read(t, "Makefile"))
	for _, path := range files {
		name := ".github/workflows/" + filepath.Base(path)
		text := string(read(t, name))
		var workflow struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				Permissions map[string]string
				Minutes     int `yaml:"timeout-minutes"`
				Steps       []struct {
					Uses, Run string
					With      map[string]any
				}
			}
		}
		if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for scope, right := range workflow.Permissions {
			if right != "read" {
				t.Errorf("%s: every job may %s %s", name, right, scope)
			}
		}
		if len(workflow.Permissions) == 0 {
			t.Errorf("%s has all rights", name)
		}
		for id, job := range workflow.Jobs {
			if job.Minutes == 0 {
				t.Errorf("%s: %s may run for ever", name, id)
			}
			for _, step := range job.Steps {
				if step.Uses != "" && !regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`).MatchString(step.Uses) {
					t.Errorf("%s: %s is not pinned", name, step.Uses)
				}
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: %s leaves its token in the clone", name, id)
				}
				for _, match := range regexp.MustCompile(`\bmake ([a-z-]+)`).FindAllStringSubmatch(step.Run, -1) {
					if !strings.Contains(targets, "\n"+match[1]+":") {
						t.Errorf("%s: the Makefile has no %s", name, match[1])
					}
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: a value becomes part of a script: %s", name, step.Run)
				}
			}
		}
		for _, line := range regexp.MustCompile(`(?m)uses: .*$`).FindAllString(text, -1) {
			if !regexp.MustCompile(` # v\d+\.\d+`).MatchString(line) {
				t.Errorf("%s: %s does not say its version", name, line)
			}
		}
	}
}

func TestIssueForms(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../.github/ISSUE_TEMPLATE/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatal("no forms: ", err)
	}
	types := regexp.MustCompile(`^(markdown|textarea|input|dropdown|checkboxes)$`)
	for _, path := range files {
		name := filepath.Base(path)
		if name == "config.yml" {
			continue
		}
		var form struct {
			Name, Description string
			Body              []struct {
				Type, ID   string
				Attributes struct {
					Label   string
					Options []string
				}
			}
		}
		if err := yaml.Unmarshal(read(t, ".github/ISSUE_TEMPLATE/"+name), &form); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if form.Name == "" || form.Description == "" || len(form.Body) == 0 {
			t.Errorf("%s lacks a name, a description or a body", name)
		}
		ids := map[string]bool{}
		for _, field := range form.Body {
			if !types.MatchString(field.Type) || field.Attributes.Label == "" || ids[field.ID] {
				t.Errorf("%s: field %s has another type, no label, or comes twice", name, field.ID)
			}
			if (field.Type == "dropdown") != (len(field.Attributes.Options) > 0) {
				t.Errorf("%s: field %s: options are for a dropdown", name, field.ID)
			}
			ids[field.ID] = true
		}
	}
}

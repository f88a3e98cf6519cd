package azure_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBicepWrapper holds infra/main.bicep, which no compiler sees here, to the template
// that it wraps and to the values that azd gives it.
func TestBicepWrapper(t *testing.T) {
	t.Parallel()
	bicep := read(t, "infra/main.bicep")
	names := func(pattern string) []string {
		var out []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(bicep, -1) {
			out = append(out, match[1])
		}
		return out
	}
	tpl := template(t)
	declared := names(`(?m)^param (\w+) `)

	block := regexp.MustCompile(`(?s)  params: \{\n(.*?)\n  \}`).FindStringSubmatch(bicep)
	if block == nil || !strings.Contains(bicep, "module mayfly '../azuredeploy.json'") {
		t.Fatal("main.bicep does not wrap azuredeploy.json")
	}
	passed := map[string]bool{}
	for line := range strings.Lines(block[1]) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		passed[name] = true
		if _, ok := tpl.Parameters[name]; !ok {
			t.Errorf("the template has no parameter %s", name)
		}
		if !slices.Contains(declared, value) {
			t.Errorf("%s is given %s, which is not declared", name, value)
		}
	}
	for name, p := range tpl.Parameters {
		if p.DefaultValue == nil && !passed[name] {
			t.Errorf("parameter %s has no default and is not given", name)
		}
	}
	for _, name := range names(`mayfly\.outputs\.(\w+)`) {
		if _, ok := tpl.Outputs[name]; !ok {
			t.Errorf("the template has no output %s", name)
		}
	}

	var values struct {
		Parameters map[string]struct{ Value string }
	}
	if err := json.Unmarshal([]byte(read(t, "infra/main.parameters.json")), &values); err != nil {
		t.Fatal(err)
	}
	for _, name := range names(`(?m)^param (\w+) \w+$`) { // those without a default
		if _, ok := values.Parameters[name]; !ok {
			t.Errorf("main.parameters.json has no %s", name)
		}
	}
	for name := range values.Parameters {
		if !slices.Contains(declared, name) {
			t.Errorf("main.bicep has no parameter %s", name)
		}
	}
	if !regexp.MustCompile(`@secure\(\)\nparam groupKey `).MatchString(bicep) {
		t.Error("groupKey is not secure")
	}
}

// TestHooks looks at what azd runs: the variables are those that it has, and no hook
// prints a key.
func TestHooks(t *testing.T) {
	t.Parallel()
	var project struct {
		Name  string
		Infra struct{ Provider, Path, Module string }
		Hooks map[string]map[string]struct{ Shell, Run string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "azure.yaml")), &project); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(project.Infra.Path + "/" + project.Infra.Module + ".bicep"); err != nil {
		t.Error(err)
	}
	known := []string{"GROUP_KEY", "ID_SCOPE", "MAYFLY_AZURE_IOT", "KEY"}
	for _, match := range regexp.MustCompile(`(?m)^output (\w+) `).FindAllStringSubmatch(read(t, "infra/main.bicep"), -1) {
		known = append(known, match[1])
	}
	for name, hook := range project.Hooks {
		for system, h := range hook {
			for _, match := range regexp.MustCompile(`\$(?:\{|env:)?([A-Z][A-Z_]+)`).FindAllStringSubmatch(h.Run, -1) {
				if !slices.Contains(known, match[1]) {
					t.Errorf("%s on %s uses %s, which nothing sets", name, system, match[1])
				}
			}
			if regexp.MustCompile(`(?m)(echo|Write-Host).*GROUP_KEY["}]`).MatchString(h.Run) {
				t.Errorf("%s on %s prints the group key", name, system)
			}
		}
	}
}

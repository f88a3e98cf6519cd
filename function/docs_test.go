package function_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"mayfly/function"
)

//go:generate go test -count=1 -run ^TestGeneratedTables$ . -args -update

// The tables of errors and variables are made from the code. go generate writes
// them, and this test fails when they differ from what the code says.
func TestGeneratedTables(t *testing.T) {
	t.Parallel()
	type table struct{ path, name, text string }
	tables := []table{
		{"../docs/errors.md", "errors", errorTable()},
		{"../docs/configuration.md", "configuration", configurationTable()},
		{"../docs/limits.md", "limits", limitsTable()},
		{"../docs/limits.md", "memory", memoryTable()},
	}
	rows := function.Rows()
	for i := range rows {
		tables = append(tables, table{"../docs/runbook.md", string(rows[i].Code), runbookFrame(&rows[i])})
	}
	for _, table := range tables {
		text, err := os.ReadFile(table.path)
		if err != nil {
			t.Fatal(err)
		}
		want := section(t, string(text), table.name, table.text)
		if want == string(text) {
			continue
		}
		if !*update {
			t.Fatalf("%s differs from what the code says: run go generate ./function", table.path)
		}
		if err := os.WriteFile(table.path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// section puts a table between its marks.
func section(t *testing.T, text, name, table string) string {
	t.Helper()
	marks := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n).*?(<!-- end -->)`)
	if !marks.MatchString(text) {
		t.Fatalf("there is no place for the table of %s", name)
	}
	return marks.ReplaceAllStringFunc(text, func(found string) string {
		parts := marks.FindStringSubmatch(found)
		return parts[1] + "\n" + table + "\n" + parts[2]
	})
}

func errorTable() string {
	var b strings.Builder
	b.WriteString("| where | what | status | code | retry | what to do |\n|---|---|---|---|---|---|\n")
	for _, row := range function.Rows() {
		retry := "no"
		if row.Retryable {
			retry = "yes"
		}
		fmt.Fprintf(
			&b,
			"| %s | %s | %d | `%s` | %s | %s |\n",
			row.Where,
			row.What,
			row.Status,
			row.Code,
			retry,
			row.Advice,
		)
	}
	return b.String()
}

func configurationTable() string {
	var b strings.Builder
	b.WriteString("| variable | meaning | default |\n|---|---|---|\n")
	for _, v := range function.Variables() {
		value := "none"
		if v.Default != "" {
			value = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, strings.ReplaceAll(v.Doc, "|", "\\|"), value)
	}
	return b.String()
}

// Every variable of the configuration is described, and nothing else.
func TestEveryVariableIsDescribed(t *testing.T) {
	t.Parallel()
	described := map[string]bool{}
	for _, v := range function.Variables() {
		if v.Doc == "" || described[v.Name] {
			t.Errorf("%s has no description, or two", v.Name)
		}
		described[v.Name] = true
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[function.Config]()) {
		if name := field.Tag.Get("env"); name != "" && !described[name] {
			t.Errorf("%s has no description", name)
		} else {
			delete(described, name)
		}
	}
	for name := range described {
		t.Errorf("there is no variable %s", name)
	}
}

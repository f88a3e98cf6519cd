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

//go:generate go test -count=1 -run ^TestReadmeTables$ . -args -update

// The README's tables are made from the code. go generate writes them, and this
// test fails when they are not what the code says.
func TestReadmeTables(t *testing.T) {
	t.Parallel()
	const path = "../README.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := section(t, string(text), "errors", errorTable())
	want = section(t, want, "configuration", configurationTable())
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("README.md is not what the code says: run go generate ./function")
	}
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

// section puts a table between its marks.
func section(t *testing.T, text, name, table string) string {
	t.Helper()
	marks := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n).*?(<!-- end -->)`)
	if !marks.MatchString(text) {
		t.Fatalf("README.md has no place for %s", name)
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
		fmt.Fprintf(&b, "| %s | %s | %d | `%s` | %s | %s |\n", row.Where, row.What, row.Status, row.Code, retry, row.Advice)
	}
	return b.String()
}

func configurationTable() string {
	var b strings.Builder
	b.WriteString("| variable | meaning | default |\n|---|---|---|\n")
	for field := range reflect.TypeFor[function.Config]().Fields() {
		name, value := field.Tag.Get("env"), field.Tag.Get("envDefault")
		if name == "" {
			continue
		}
		if value = "`" + value + "`"; value == "``" {
			value = "none"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, strings.ReplaceAll(field.Tag.Get("doc"), "|", "\\|"), value)
	}
	return b.String()
}

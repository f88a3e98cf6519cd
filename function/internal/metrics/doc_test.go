package metrics_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"mayfly/function/internal/metrics"
)

//go:generate go test -count=1 -run ^TestDocumentation$ . -args -update

var update = flag.Bool("update", false, "write docs/metrics.md")

// The tables of docs/metrics.md are made from the list. go generate writes them.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	const path = "../../../docs/metrics.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, table := range map[string]string{"metrics": metricTable(), "labels": labelTable()} {
		marks := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n).*?(<!-- end -->)`)
		if !marks.MatchString(want) {
			t.Fatalf("there is no place for the table of %s", name)
		}
		want = marks.ReplaceAllString(want, "${1}\n"+strings.ReplaceAll(table, "$", "$$")+"\n${2}")
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s differs from what the code says: run go generate ./function/internal/metrics", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func metricTable() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | what it tells |\n|---|---|---|---|\n")
	for _, m := range metrics.List() {
		labels := ""
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Kind, labels, m.Help)
	}
	return b.String()
}

func labelTable() string {
	var b strings.Builder
	b.WriteString("| label | values |\n|---|---|\n")
	for _, l := range metrics.Labels() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", l.Name, l.Values)
	}
	return b.String()
}

// Names follow the rules of Prometheus, and each label is described.
func TestList(t *testing.T) {
	t.Parallel()
	described := map[string]bool{}
	for _, l := range metrics.Labels() {
		described[l.Name] = false
	}
	seen := map[string]bool{}
	for _, m := range metrics.List() {
		if seen[m.Name] || !strings.HasPrefix(m.Name, "mayfly_") || !strings.HasSuffix(m.Help, ".") ||
			len(m.Labels) > 4 {
			t.Errorf("%+v", m)
		}
		seen[m.Name] = true
		if (m.Kind == metrics.Counter) != strings.HasSuffix(m.Name, "_total") ||
			m.Kind == metrics.Histogram && !strings.HasSuffix(m.Name, "_seconds") {
			t.Errorf("%s: the name does not say that it is a %s", m.Name, m.Kind)
		}
		for _, name := range m.Labels {
			if _, ok := described[name]; !ok {
				t.Errorf("%s: the label %s is not described", m.Name, name)
			}
			described[name] = true
		}
	}
	for name, used := range described {
		if !used {
			t.Errorf("no metric has the label %s", name)
		}
	}
}

package dashboards

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/metrics/emf"
)

var update = flag.Bool("update", false, "write the dashboards and the alerts anew")

const root = "../../../"

//go:generate go test -count=1 -run ^TestFiles$ . -args -update

// The files in deploy are those that the lists of panels and alerts make.
func TestFiles(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		at := filepath.Join(root, filepath.FromSlash(path))
		if *update {
			if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, want, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if have, err := os.ReadFile(at); err != nil || string(have) != string(want) {
			t.Errorf("%s differs from what the code says (%v): run go generate ./function/internal/dashboards",
				path, err)
		}
	}
}

// Panels and alerts ask for metrics, labels and statistics that there are, and every metric is on a panel.
func TestEveryMetricIsShown(t *testing.T) {
	t.Parallel()
	shown := map[metrics.ID]bool{}
	check := func(name string, s *series) {
		if wrong := s.wrong(); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	for _, r := range rows() {
		for _, p := range r.panels {
			for i := range p.series {
				check(p.title, &p.series[i])
				shown[p.series[i].metric] = true
			}
		}
	}
	for id, m := range metrics.List() {
		if !shown[metrics.ID(id)] {
			t.Errorf("%s is on no panel", m.Name)
		}
	}
	for _, a := range alerts() {
		check(a.name, &a.part)
		if a.whole != nil {
			check(a.name, a.whole)
		}
	}
}

// Every alert leads to a section of the runbook.
func TestAlertsHaveSections(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + runbook)
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, found := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(text), -1) {
		sections = append(sections, strings.ReplaceAll(strings.ToLower(found[1]), " ", "-"))
	}
	for _, a := range alerts() {
		links := []string{a.section}
		if a.section == "" {
			links = a.part.where[0].values
		}
		for _, link := range links {
			if !slices.Contains(sections, link) {
				t.Errorf("%s: the runbook has no section %s", a.name, link)
			}
		}
	}
}

// Every section that an alarm of the clouds' own templates names is in the runbook.
func TestTemplatesNameSections(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + runbook)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"template.yaml", "deploy/azure/azuredeploy.json"} {
		template, err := os.ReadFile(root + file)
		if err != nil {
			t.Fatal(err)
		}
		alarms := regexp.MustCompile(`Runbook: `+runbook+`([^"]*)"`).FindAllStringSubmatch(string(template), -1)
		if len(alarms) < 3 {
			t.Errorf("%s: %d alarms name the runbook", file, len(alarms))
		}
		for _, alarm := range alarms {
			for _, link := range regexp.MustCompile(`#([a-z-]+)`).FindAllStringSubmatch(alarm[1], -1) {
				if !strings.Contains(string(text), "\n### "+link[1]+"\n") {
					t.Errorf("%s: the runbook has no section %s", file, link[1])
				}
			}
		}
	}
}

// The clouds ask for the metrics under the names that they get.
func TestCloudsKnowTheNames(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range metrics.List() {
		names = append(names, m.Name)
	}
	for _, path := range []string{"deploy/azure/workbook.json", "deploy/aws/observability.cf.json"} {
		found := regexp.MustCompile(`mayfly_[a-z_]+`).FindAllString(string(files[path]), -1)
		if len(found) < len(names) {
			t.Errorf("%s asks for %d metrics", path, len(found))
		}
		for _, name := range found {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(name, n) }) {
				t.Errorf("%s: there is no metric %s", path, name)
			}
		}
		if !json.Valid(files[path]) {
			t.Errorf("%s is not JSON", path)
		}
	}
}

// CloudWatch's names are those that the lines of the log have.
func TestCloudWatchKnowsTheLines(t *testing.T) {
	t.Parallel()
	var all []*series
	for _, r := range rows() {
		for _, p := range r.panels {
			for i := range p.series {
				all = append(all, &p.series[i])
			}
		}
	}
	for _, a := range alerts() {
		all = append(all, &a.part)
	}
	for _, s := range all {
		m := s.of()
		if m.Kind == metrics.Gauge {
			continue // they have no labels there, or are searched
		}
		labels := make([]string, len(m.Labels))
		for i, label := range m.Labels {
			labels[i] = "x"
			for _, w := range s.where {
				if w.label == label && !w.not {
					labels[i] = w.values[0]
				}
			}
		}
		var line bytes.Buffer
		w := emf.New(&emf.Options{To: &line, Namespace: "Mayfly", Service: "f", Now: time.Now})
		if m.Kind == metrics.Histogram {
			w.Observed(m, 1, labels)
		} else {
			w.Added(m, 1, labels)
		}
		w.Close()
		name, _, open := s.emfName()
		want := `"` + name + `":`
		if open {
			want = `"` + name + `_x`
		}
		if !strings.Contains(line.String(), want) {
			t.Errorf("asked for %s, the line is %s", want, line.String())
		}
	}
}

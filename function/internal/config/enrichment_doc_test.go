package config

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Every configuration in docs/enrichment.md can be used.
func TestEnrichmentDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.FromSlash("../../../docs/enrichment.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(# mayfly.yaml\n.*?)```").FindAllSubmatch(text, -1)
	if len(found) < 2 {
		t.Fatalf("%d configurations", len(found))
	}
	for _, block := range found {
		path, environ := inFolder(t, map[string]string{
			"mayfly.yaml": string(block[1]), "weather.token": "Bearer x", "customers.token": "Bearer y",
			"assets.csv": "serial,site,room,calibration\nS-1,north,cellar,1.5\n",
		})
		if _, err := Load(environ); err != nil {
			t.Errorf("%v\n%s", err, block[1])
		}
		if report := CheckFile(nil, path); len(report.Warnings) > 0 {
			t.Errorf("%v\n%s", report.Warnings, block[1])
		}
	}
}

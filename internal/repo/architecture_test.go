package repo_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Every file and package that docs/architecture.md names is there.
func TestArchitectureNamesFiles(t *testing.T) {
	t.Parallel()
	root := filepath.Dir(output(t, "go", "env", "GOMOD"))
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	const folders = `function|transform|dps|httpsend|emulator|cmd|internal|bench|\.ci`
	names := regexp.MustCompile("`((?:"+folders+")(?:/[a-z_./]+)?)`").FindAllStringSubmatch(string(text), -1)
	if len(names) < 30 {
		t.Errorf("only %d files are named", len(names))
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(root, name[1])); err != nil {
			t.Errorf("%s is not there", name[1])
		}
	}
}

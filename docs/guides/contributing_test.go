package guides_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSourceInTenMinutes proves the source that CONTRIBUTING.md lets one write.
func TestSourceInTenMinutes(t *testing.T) {
	t.Parallel()
	program, err := mayfly()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)   ```yaml\n(.*?)   ```").FindStringSubmatch(string(text))
	if found == nil {
		t.Fatal("CONTRIBUTING.md has no source")
	}
	// As an entry of mayfly.yaml it is read by the same code as a file of its own.
	source := strings.Replace(strings.ReplaceAll("\n"+found[1], "\n   ", "\n    "), "\n    name", "  - name", 1)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "mayfly.yaml"), []byte("sources:\n"+source), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, program, folder, []string{"check"})
}

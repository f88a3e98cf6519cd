package function_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mayfly/function"
)

// Every defence that docs/security.md claims names a test, and the test is there.
func TestSecurityDocumentNamesTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, root := range []string{".", "../internal", "../transform", "../cmd"} {
		err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			code.Write(source)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	names := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Za-z]+|bench/[a-z]+)`").
		FindAllStringSubmatch(string(text), -1)
	if len(names) < 20 {
		t.Errorf("only %d tests are named", len(names))
	}
	for _, name := range names {
		if _, err := os.Stat("../" + name[1]); strings.HasPrefix(name[1], "bench/") && err == nil {
			continue
		}
		if !strings.Contains(code.String(), "func "+name[1]+"(") {
			t.Errorf("%s is not there", name[1])
		}
	}
}

// The document's example is one that is taken.
func TestSecurityDocumentExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	example = strings.NewReplacer("5f0c...", strings.Repeat("5f", 32), "91ab...", strings.Repeat("91", 32)).
		Replace(example)
	dir := t.TempDir()
	ca := newClientCA(t, "ours")
	for name, content := range map[string]string{
		"mayfly.yaml":   regexp.MustCompile(`file:([a-z-]+\.)`).ReplaceAllString(example, "file:"+dir+"/$1"),
		"device-ca.pem": pemOf(ca.cert.Raw), "north.key": goodKey, "beam.key": "secret", "as.key": "secret",
		"mine.key": "secret",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := function.LoadConfig([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=keys",
		"CONFIG=" + filepath.Join(dir, "mayfly.yaml")}); err != nil {
		t.Error(err)
	}
}

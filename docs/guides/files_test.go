package guides_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestWebhookTemplate looks at what The Things Stack reads.
func TestWebhookTemplate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("tts-webhook-template.yml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		ID      string `yaml:"template-id"`
		Format  string
		BaseURL string `yaml:"base-url"`
		Fields  []struct {
			ID     string
			Secret bool
		}
		Headers map[string]string
		Paths   map[string]string
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	if template.Format != "json" || template.BaseURL != "https://{host}/api/tts" {
		t.Errorf("format %s, URL %s", template.Format, template.BaseURL)
	}
	if _, ok := template.Paths["uplink-message"]; !ok {
		t.Error("uplinks are not sent")
	}
	for _, f := range template.Fields {
		if used := strings.Contains(template.BaseURL+template.Headers["Authorization"], "{"+f.ID+"}"); !used {
			t.Errorf("field %s is not used", f.ID)
		}
		if f.Secret != (f.ID == "key") {
			t.Errorf("field %s: secret is %v", f.ID, f.Secret)
		}
	}
}

// TestLinks looks for the files that the guides, and deploy, name.
func TestLinks(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files,
		"../cost.md", "../../deploy/README.md", "../../deploy/azure/README.md", "../../CONTRIBUTING.md")
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), match[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", file, match[1])
			}
		}
	}
}

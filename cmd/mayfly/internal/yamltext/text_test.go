package yamltext_test

import (
	"testing"

	"github.com/goccy/go-yaml"

	"mayfly/cmd/mayfly/internal/yamltext"
)

// TestScalar: whatever a text is, YAML reads it as it was.
func TestScalar(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "a", "it's", "- a", "#a", "a: b", "{\"a\":1}", "a\nb", "a\nb\n", "a\nb\n\n", "\na", " a\nb", "a \nb",
		"a\tb", "{\n\t\"a\":1\n}", "a\r\nb", "\x00\x1b[2J", "null", "1.50", "true", "a\n\nb", "a\n  b\n c", "\u202e",
		"Grüße", "\n", "a\n\t\nb", "|", "~", "'", "''", "\"", "\\", "%a", "@a", "a #b", "\ufeffa",
		".inf", ".NaN", "-.inf", "on", "pump-1", "2026-01-02", "a:", "\x7f", "\u0085a\nb",
	} {
		for _, indent := range []int{0, 6} {
			document := "x:\n    body: " + yamltext.ScalarText(text, indent) + "\n    next: 1\n"
			var got struct {
				X struct {
					Body string `yaml:"body"`
					Next int    `yaml:"next"`
				} `yaml:"x"`
			}
			if err := yaml.Unmarshal([]byte(document), &got); err != nil || got.X.Body != text || got.X.Next != 1 {
				t.Errorf("%q: %q %v\n%s", text, got.X.Body, err, document)
			}
		}
	}
}

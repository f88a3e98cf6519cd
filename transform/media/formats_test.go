package media_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"mayfly/transform/media"
)

// A format that is declared can be named.
func TestFormats(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("decode.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, match := range regexp.MustCompile(`(?m)^\tFormat\w+\s+Format = "(.+?)"`).FindAllStringSubmatch(string(text), -1) {
		declared = append(declared, match[1])
	}
	if got := media.Formats(); !slices.Equal(got, declared) {
		t.Errorf("formats %q, declared %q", got, declared)
	}
}

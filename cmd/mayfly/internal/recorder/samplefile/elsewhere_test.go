package samplefile_test

import (
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder/samplefile"
)

// TestFindElsewhere: a source of another file is not said to be missing.
func TestFindElsewhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sources: [./sources/*.yaml, {name: other}]": "the source one may be in a file",
		"sources: [{name: other}]":                   "has no source one",
	} {
		if _, err := samplefile.Find([]byte(text), "one"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

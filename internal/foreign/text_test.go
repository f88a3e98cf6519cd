package foreign_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mayfly/internal/foreign"
)

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                       "",
		" a\r\n\tb ":             "a b",
		"not \xff UTF-8":         "not ? UTF-8",
		strings.Repeat("x", 300): strings.Repeat("x", 300),
		strings.Repeat("x", 301): strings.Repeat("x", 300) + "...",
	} {
		if got := foreign.Text(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := foreign.Text(strings.Repeat("é", 400)); !utf8.ValidString(got) || len(got) > 310 {
		t.Errorf("cut inside a letter: %q", got)
	}
}

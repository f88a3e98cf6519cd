package sanitize_test

import (
	"strings"
	"testing"

	"mayfly/function/internal/sanitize"
)

func TestLogName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "gate-1", "gate-1"},
		{"all that is printable", "!~", "!~"},
		{"128 bytes", strings.Repeat("a", 128), strings.Repeat("a", 128)},
		{"129 bytes", strings.Repeat("a", 129), "?"},
		{"empty", "", "?"},
		{"a space", "a b", "?"},
		{"a line", "a\nb", "?"},
		{"DEL", "a\x7f", "?"},
		{"not ASCII", "é", "?"},
	} {
		if got := sanitize.LogName(tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

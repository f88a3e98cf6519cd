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

func TestLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "all is well, 21 °C", "all is well, 21 °C"},
		{"empty", "", ""},
		{"lines", "a\r\nb\tc", "a  b c"},
		{"escape", "\x1b[31mred\x07", " [31mred "},
		{"C1", "a\u009bb", "a b"},
		{"bidi", "a\u202eb\u2066c\u200fd", "a b c d"},
		{"line separator", "a\u2028b", "a b"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"20 characters", strings.Repeat("é", 20), strings.Repeat("é", 20)},
		{"21 characters", strings.Repeat("é", 21), strings.Repeat("é", 20) + "..."},
	} {
		if got := sanitize.Line(tt.text, 20); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

package settings_test

import (
	"strings"
	"testing"

	"mayfly/internal/settings"
)

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"a list", "list: [1, 2]", ""},
		{"a text for a list", "list: one", "[1:7]"},
		{"a tag without a type before it", "list: !00 00", "cannot be read"}, // goccy/go-yaml 1.19.2 panics
		{"nothing", "", ""},
		{"two documents", "list: [1]\n---\nlist: [2]", "second document"},
		{"an empty second document", "list: [1]\n---\n", ""},
		{"half a list", "list: [1", "[1:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var into struct{ List []int }
			err := settings.Read([]byte(tt.text), &into)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

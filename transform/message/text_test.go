package message_test

import (
	"testing"

	"mayfly/transform/message"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"21.50", "21.50"}, {"-0", "-0"}, {"+5", "5"}, {".5", "0.5"}, {"-.5", "-0.5"}, {"5.", "5"}, {"1.e5", "1e5"}, {"1.5E+3", "1.5E+3"},
		{"12345678901234567890", "12345678901234567890"}, {"0", "0"}, {"0.10", "0.10"},
		{"007", ""}, {"-01", ""}, {".", ""}, {"-.", ""}, {".e5", ""}, {"", ""}, {"-", ""}, {"+-5", ""}, {"--5", ""}, {"1e", ""}, {"1.5.2", ""}, {"0x10", ""}, {"NaN", ""}, {"1 2", ""},
	} {
		got, ok := message.ParseNumber(tt.text)
		if string(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("%q: got %q, %t", tt.text, got, ok)
		}
	}
}

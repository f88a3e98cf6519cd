package upstream_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"mayfly/internal/upstream"
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
		if got := upstream.Text(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := upstream.Text(strings.Repeat("é", 400)); !utf8.ValidString(got) || len(got) > 310 {
		t.Errorf("cut inside a letter: %q", got)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial failed")
	tests := []struct {
		name string
		got  string
		want string
	}{
		{"kind alone", upstream.Describe("hub h", "unavailable", 0, 0, nil), "hub h: unavailable"},
		{"status", upstream.Describe("hub h", "throttled", 429, 0, nil, "", "wait"),
			"hub h: throttled (HTTP 429): wait"},
		{"status and code", upstream.Describe("hub h", "refused", 401, 401002, nil, "A", "b"),
			"hub h: refused (HTTP 401, error 401002): A: b"},
		{"a code without a status", upstream.Describe("hub h", "refused", 0, 401002, nil), "hub h: refused"},
		{"cause", upstream.Describe("hub h", "unavailable", 0, 0, cause, "x"), "hub h: unavailable: x: dial failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.got != tt.want {
				t.Errorf("got  %s\nwant %s", tt.got, tt.want)
			}
		})
	}
}

func TestValidHost(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	longest := strings.Join([]string{label, label, label, label[:61]}, ".")
	tests := []struct {
		host string
		want bool
	}{
		{"h", true},
		{"my-hub.azure-devices.net", true},
		{"MyHub.Azure-Devices.NET", true},
		{"127.0.0.1:8443", true},
		{"h:1", true},
		{"h:65535", true},
		{label, true},
		{longest, true},
		{longest + ":65535", true},
		{"", false},
		{":443", false},
		{"h:", false},
		{"h:0", false},
		{"h:65536", false},
		{"h:-1", false},
		{"h:1:2", false},
		{"h:x", false},
		{"a..b", false},
		{".a", false},
		{"a.", false},
		{label + "a", false},
		{longest + "a", false},
		{"a b", false},
		{"a\nb", false},
		{"a_b", false},
		{"a/b", false},
		{"a@b", false},
		{"a?b", false},
		{"a#b", false},
		{"a\\b", false},
		{"a%2fb", false},
		{"[::1]", false},
		{"münchen.example", false},
	}
	for _, tt := range tests {
		t.Run(tt.host, func(t *testing.T) {
			t.Parallel()
			if got := upstream.ValidHost(tt.host); got != tt.want {
				t.Errorf("ValidHost(%q) = %v", tt.host, got)
			}
		})
	}
}

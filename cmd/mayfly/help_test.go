package main

import (
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"of the program", []string{"help"}, exitOK, []string{"Usage: mayfly", "emulator", "completion"}},
		{"of a command", []string{"help", "send"}, exitOK, []string{"Usage: mayfly send <device> <body>", "--timeout"}},
		{"of a command in a command", []string{"help", "keys", "derive"}, exitOK,
			[]string{"Usage: mayfly keys derive"}},
		{"of help", []string{"help", "--help"}, exitOK, []string{"Usage: mayfly help"}},
		{"of help by its name", []string{"help", "help"}, exitOK, []string{"Usage: mayfly help"}},
		{"of an unknown command", []string{"help", "nothing"}, exitUsage, []string{"nothing"}},
	} {
		code, out, errs := command(t, nil, tt.args...)
		if code != tt.code {
			t.Errorf("%s: exit code %d", tt.name, code)
		}
		contains(t, out+errs, tt.want...)
		if tt.code != exitOK || tt.name == "of help" {
			continue
		}
		if other, same, _ := command(t, nil, append(tt.args[1:], "--help")...); other != code || same != out {
			t.Errorf("%s: differs from --help", tt.name)
		}
	}
}

// No line of a help text is too long for a terminal.
func TestHelpTexts(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"dev", "emulator", "check", "try", "codec test", "send", "replay", "keys new",
		"keys derive", "completion", "version", "help"} {
		_, out, _ := command(t, nil, append(strings.Fields(args), "--help")...)
		for line := range strings.Lines(out) {
			if len(line) > 101 {
				t.Errorf("%s: %d columns: %s", args, len(line), line)
			}
		}
	}
}

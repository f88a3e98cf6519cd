package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"release": {debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}},
			"mayfly v1.2.3, commit abc, go1.99"},
		"modified clone": {debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "(devel)"},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}},
			"mayfly (development), commit abc (modified), go1.99"},
		"without version control": {debug.BuildInfo{GoVersion: "go1.99"},
			"mayfly (development), commit unknown, go1.99"},
	} {
		if got := describe(&tt.info); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	for _, args := range [][]string{{"version"}, {"--version"}} {
		code, out, errs := command(t, nil, args...)
		if code != exitOK || out != version()+"\n" || errs != "" {
			t.Errorf("%v: exit code %d, %q, %q", args, code, out, errs)
		}
	}
}

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

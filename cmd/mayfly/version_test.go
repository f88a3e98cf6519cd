package main

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	commit := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: modified}}
	}
	for name, tt := range map[string]struct {
		info           debug.BuildInfo
		number, commit string
		want           string
	}{
		"installed by the Go toolchain": {
			debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"}, Settings: commit("false")},
			"", "",
			"mayfly v1.2.3, commit abc, go1.99",
		},
		"modified clone": {
			debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "(devel)"}, Settings: commit("true")},
			"", "",
			"mayfly (development), commit abc (modified), go1.99",
		},
		"without version control": {
			debug.BuildInfo{GoVersion: "go1.99"}, "", "",
			"mayfly (development), commit unknown, go1.99",
		},
		"release, with engines": {
			debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "(devel)"}, Deps: []*debug.Module{
				{Path: "github.com/dop251/goja", Version: "v0.1.0"},
				{Path: "github.com/fxamacker/cbor/v2", Version: "v2.9.6"},
				{Path: "github.com/itchyny/gojq", Version: "v0.12.20"},
			}}, "1.2.3", "def",
			"mayfly 1.2.3, commit def, go1.99\ngoja v0.1.0, gojq v0.12.20",
		},
	} {
		if got := describe(&tt.info, tt.number, tt.commit); got != tt.want {
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

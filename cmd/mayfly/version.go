package main

import (
	"fmt"
	"path"
	"runtime/debug"
	"slices"
	"strings"
)

// The linker sets these in a release (.goreleaser.yaml). A build from source knows them from the version control
// system, as far as the Go toolchain recorded it.
var releaseVersion, releaseCommit string

// engines are the modules that decide what a mapping, a codec or a configuration file means.
var engines = []string{"github.com/itchyny/gojq", "github.com/dop251/goja", "github.com/goccy/go-yaml"}

// versionCommand prints the version.
type versionCommand struct{}

func (versionCommand) Run(w *world) error {
	_, err := fmt.Fprintln(w.stdout, version())
	return err
}

// version describes the program by what the linker set and the Go toolchain recorded.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "mayfly, built without build information"
	}
	return describe(info, releaseVersion, releaseCommit)
}

// describe is a line with the version, the commit and the Go version, and a line with the versions of the engines.
func describe(info *debug.BuildInfo, number, commit string) string {
	if number == "" {
		number = info.Main.Version
	}
	if number == "" || number == "(devel)" {
		number = "(development)"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if commit == "" {
		commit = settings["vcs.revision"]
	}
	switch {
	case commit == "":
		commit = "unknown"
	case settings["vcs.modified"] == "true":
		commit += " (modified)"
	}
	text := fmt.Sprintf("mayfly %s, commit %s, %s", number, commit, info.GoVersion)
	var versions []string
	for _, d := range info.Deps {
		if slices.Contains(engines, d.Path) {
			versions = append(versions, path.Base(d.Path)+" "+d.Version)
		}
	}
	if len(versions) > 0 {
		text += "\n" + strings.Join(versions, ", ")
	}
	return text
}

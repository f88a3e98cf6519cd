package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function/internal/config"
)

// A file with three things wrong has them all told, each with its place.
func TestLoadSourcesFaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("bad.jq", "{temp: .t,\n hum: .h | nosuch}\n")
	path := write("mayfly.yaml", `sources:
  - name: mine
    deviceId: .id | | x
    measurements: {file: bad.jq}
  - from: nobody
  - from: tts
    properties:
      when: now
`)
	_, _, err := config.LoadSources(path)
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{
		"mayfly.yaml:3:21: sources[0].deviceId: source mine:",
		"bad.jq:2:12: sources[0].measurements: source mine:", "nosuch",
		`source "nobody" is not known`, "mayfly.yaml:8:13: sources[2].properties.when: source tts:",
		"now is not there: a " +
			"mapping has no clock",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in:\n%v", part, err)
		}
	}
}

func TestLoadSources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "my.yaml")
	if err := os.WriteFile(filepath.Join(dir, "m.jq"), []byte("{t: .temp}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("sources:\n  - name: mine\n    deviceId: .id\n    measurements: {file: "+
		"m.jq}\n  - {name: lab, from: tts, patience: 7s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tr, found, err := config.LoadSources(path)
	if err != nil || found != path {
		t.Fatal(found, err)
	}
	lab, err := tr.Source("lab")
	if err != nil || lab == nil || lab.Patience.Seconds() != 7 || lab.Title != "The Things Stack v3" {
		t.Errorf("%v, %v", lab, err)
	}
	if _, _, err := config.LoadSources(filepath.Join(dir, "no-such.yaml")); err == nil {
		t.Error("a file that CONFIG names has to be there")
	}
}

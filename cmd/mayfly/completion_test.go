package main

import (
	"strings"
	"testing"
)

const allCommands = "init dev emulator check pack try source codec send trigger replay dead-letters " +
	"keys template schema openapi tail explain doctor devices completion help version"

func TestCompletionSuggests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		words []string
		want  string // the suggestions, or the first ones and "..."
	}{
		{"commands", []string{"de"}, "dev dead-letters devices"},
		{"all commands", []string{""}, allCommands},
		{"nothing typed", nil, allCommands},
		{"commands in a command", []string{"keys", ""}, "new derive"},
		{"unknown command", []string{"nothing", ""}, "dev ..."},
		{"flags", []string{"send", "--t"}, "--to --time --timeout"},
		{"flags after a value", []string{"send", "--to", "http://x", "--ti"}, "--time --timeout"},
		{"flags of the program", []string{"--"}, "--help --version"},
		{"sources", []string{"try", "tt"}, "ttn-v2 tts ..."},
		{"a source that has to be detected", []string{"try", "ing"}, "ingest"},
		{"a file as an argument", []string{"try", "tts", ""}, ":files"},
		{"a file as a flag's value", []string{"emulator", "--faults", "x"}, ":files"},
		{"a file after =", []string{"emulator", "--faults="}, ":files"},
		{"a file after = as bash splits it", []string{"emulator", "--faults", "=", "x"}, ":files"},
		{"files, repeated", []string{"check", "a.yaml", "b"}, ":files"},
		{"a value that is not known", []string{"send", "--time", ""}, ""},
		{"an argument that is not known", []string{"send", ""}, ""},
		{"shells", []string{"completion", ""}, "bash zsh fish"},
		{"shell by its start", []string{"completion", "z"}, "zsh"},
		{"after --", []string{"completion", "--", "-"}, ""},
		{"too many arguments", []string{"completion", "bash", ""}, ""},
		{"switches have no value", []string{"codec", "test", "--verbose", "x"}, ":files"},
		{"short flags", []string{"try", "-t", "application/json", "ttn"}, "ttn-v2"},
	} {
		code, out, errs := command(t, nil, append([]string{"__complete"}, tt.words...)...)
		var got []string
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(line, "\t")
			got = append(got, word)
		}
		start, open := strings.CutSuffix(tt.want, "...")
		joined := strings.Join(got, " ")
		if code != exitOK || errs != "" || !open && joined != tt.want || open &&
			!containsAll(got, strings.Fields(start)) {
			t.Errorf("%s: exit code %d, %q %s, want %q", tt.name, code, joined, errs, tt.want)
		}
	}
}

func TestCompletionKnowsConfiguredSources(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		"sources: [{name: my-own, deviceId: .id, measurements: .m}]": "my-own",
		"sources: [": "",
	} {
		environ := []string{"CONFIG=" + file(t, "mayfly.yaml", config)}
		if _, out, _ := command(t, environ, "__complete", "try", "my-"); strings.TrimSpace(out) != want {
			t.Errorf("%s: %q, want %q", config, out, want)
		}
	}
}

func containsAll(list, wanted []string) bool {
	have := map[string]bool{}
	for _, s := range list {
		have[s] = true
	}
	for _, s := range wanted {
		if !have[s] {
			return false
		}
	}
	return true
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for shell, want := range map[string]string{
		"bash": "complete -F _mayfly_complete mayfly", "zsh": "#compdef mayfly", "fish": "complete -c mayfly",
	} {
		code, out, errs := command(t, nil, "completion", shell)
		if code != exitOK || strings.Contains(out, "PROGRAM") || strings.Contains(out, "COMMAND ") {
			t.Errorf("%s: exit code %d: %s%s", shell, code, out, errs)
		}
		contains(t, out, want, "__complete")
	}
	if code, _, errs := command(t, nil, "completion", "tcsh"); code != exitUsage || !strings.Contains(errs, "bash") {
		t.Errorf("unknown shell: exit code %d: %s", code, errs)
	}
}

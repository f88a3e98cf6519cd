//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBashCompletion loads the script into a real bash and completes command lines with it.
func TestBashCompletion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write("mayfly", "#!/bin/sh\nexec '"+os.Args[0]+"' \"$@\"\n")
	write("faults one.json", "[]")
	for line, want := range map[string]string{
		"mayfly em":                         "emulator",
		"mayfly keys ":                      "new derive",
		"mayfly emulator --ret":             "--retry-after",
		"mayfly emulator --faults fau":      "faults one.json",
		"mayfly emulator --faults = fau":    "faults one.json",
		"mayfly try tts fau":                "faults one.json",
		"mayfly completion ":                "bash zsh fish",
		"mayfly send dev-1 {} --message-id": "--message-id",
	} {
		words := strings.Split(line, " ")
		quoted := "'" + strings.Join(words, "' '") + "'"
		script := `source <(mayfly completion bash)
complete -p mayfly >/dev/null || exit 1
COMP_WORDS=(` + quoted + `); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_mayfly_complete
printf '%s' "${COMPREPLY[*]}"`
		cmd := exec.CommandContext(t.Context(), "bash", "--norc", "-c", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), envProcess+"=mayfly", "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("%q: %q (%v), want %q", line, out, err, want)
		}
	}
}

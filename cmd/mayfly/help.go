package main

import (
	"fmt"

	"mayfly/cmd/mayfly/internal/completion"
	"mayfly/cmd/mayfly/internal/explain"
	"mayfly/function"
	"mayfly/transform"
)

// helpCommand is "help COMMAND", which is another way to write "COMMAND --help". helpArgs rewrites it.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command, such as: keys derive."`
}

// helpArgs rewrites "help COMMAND" as "COMMAND --help".
func helpArgs(args []string) []string {
	if len(args) == 0 || args[0] != "help" {
		return args
	}
	for _, arg := range args[1:] {
		if arg == "--help" || arg == "-h" {
			return args
		}
	}
	return append(append([]string{}, args[1:]...), "--help")
}

// completionCommand prints a completion script.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the long help of the command.
func (completionCommand) Help() string {
	return `Load the script when the shell starts:
  bash   echo 'source <(mayfly completion bash)' >> ~/.bashrc
  zsh    echo 'source <(mayfly completion zsh)' >> ~/.zshrc   (after compinit)
  fish   mayfly completion fish > ~/.config/fish/completions/mayfly.fish`
}

func (c *completionCommand) Run(w *world) error {
	script, err := completion.Script(c.Shell, "mayfly")
	if err == nil {
		_, err = fmt.Fprint(w.stdout, script)
	}
	return err
}

// completionLists are the values for complete tags.
func completionLists(w *world) map[string]func() []string {
	return map[string]func() []string{"code": explain.Codes, "source": func() []string {
		t, _, err := function.LoadSources(w.getenv("CONFIG"))
		if err != nil { // the user may be about to mend the file: suggest the built-in ones
			t = transform.New()
		}
		return append(t.SourceNames(), "ingest", "telemetry", "device")
	}, "queue": func() []string {
		if name := w.getenv("QUEUE"); name != "" {
			return []string{name}
		}
		return nil
	}}
}

package main

import (
	"context"
	"fmt"
	"strings"

	"mayfly/dps"
	"mayfly/internal/secret"
)

// keysCommand makes and shows keys.
type keysCommand struct {
	New    newKeyCommand `cmd:"" help:"Make a key for a caller of the bridge."`
	Derive deriveCommand `cmd:"" help:"Derive device keys from an enrollment group's key."`
}

type deriveCommand struct {
	Devices  []string `arg:"" name:"device" help:"Registration ids."`
	GroupKey string   `name:"group-key" help:"The group's key: a reference such as file:PATH. GROUP_KEY when not given, which keeps it out of the shell's history." placeholder:"REF"`
}

func (c *deriveCommand) Run(ctx context.Context, w *world) error {
	text := c.GroupKey
	if text == "" {
		text = w.getenv("GROUP_KEY")
	}
	if text == "" {
		return hint("no group key", "set GROUP_KEY, or give --group-key file:PATH")
	}
	ref, err := secret.Parse(text)
	if err != nil {
		return err
	}
	text, err = w.secrets().Load(ctx, ref)
	if err != nil {
		return err
	}
	group, err := dps.ParseKey(text)
	if err != nil {
		return err
	}
	for _, id := range c.Devices {
		line := group.Derive(id).Reveal() + "\n"
		if len(c.Devices) > 1 {
			line = id + " " + line
		}
		if _, err := fmt.Fprint(w.stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// getenv looks a variable up; the last one counts, as for a process.
func (w *world) getenv(name string) string {
	value := ""
	for _, v := range w.environ {
		if text, ok := strings.CutPrefix(v, name+"="); ok {
			value = text
		}
	}
	return value
}

// hinted is an error with what to do about it.
type hinted struct{ problem, hint string }

func hint(problem, hint string) error { return &hinted{problem, hint} }

func (e *hinted) Error() string { return e.problem + "\nTry: " + e.hint }

package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"mayfly/dps"
	"mayfly/internal/secret"
)

// keysCommand creates and derives keys.
type keysCommand struct {
	New    newKeyCommand `cmd:"" help:"Create a key for a caller of the bridge."`
	Derive deriveCommand `cmd:"" help:"Derive keys of devices from the key of an enrollment group."`
}

// newKeyCommand creates a key, which is shown once, and the hash that the bridge keeps.
type newKeyCommand struct {
	Name string `arg:"" help:"Name of the caller, as it appears in the log."`
}

// Help is the long help of the command.
func (newKeyCommand) Help() string {
	return `The key goes to the caller, its hash into the configuration. To replace a key, add the
new hash beside the old one, give the caller the new key, and remove the old hash or
let it expire.`
}

// callerNameChars are the characters of a caller's name.
const callerNameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

func (c *newKeyCommand) Run(w *world) error {
	if c.Name == "" || strings.Trim(c.Name, callerNameChars) != "" {
		return hint(fmt.Sprintf("%q is not the name of a caller", c.Name),
			"letters, digits and -_. as in the-things-stack")
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	// The prefix lets scanners of repositories find a key that was committed.
	key := "mayfly_" + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(key))
	hash := "sha256:" + hex.EncodeToString(sum[:])
	_, err := fmt.Fprintf(w.stdout, `The key of %[1]s, which is shown this once:

  %[2]s

Its hash, for API_KEYS:

  %[1]s=%[3]s

or for mayfly.yaml:

callers:
  - name: %[1]s
    keys: ["%[3]s"]
    devices: ["*"]   # the devices that it may send for, such as ["tts-*", "sensor-?"]
`, c.Name, key, hash)
	return err
}

// deriveCommand derives keys of devices.
type deriveCommand struct {
	Devices  []string `arg:"" name:"device" help:"Registration ids."`
	GroupKey string   `name:"group-key" placeholder:"REF" help:"The key, such as file:PATH; GROUP_KEY by default."`
}

// Help is the long help of the command.
func (deriveCommand) Help() string {
	return `A key in GROUP_KEY or in a file does not get into the history of the shell.`
}

func (c *deriveCommand) Run(ctx context.Context, w *world) error {
	text := c.GroupKey
	if text == "" {
		text = w.getenv("GROUP_KEY")
	}
	if text == "" {
		return hint("there is no group key", "set GROUP_KEY, or use --group-key file:PATH")
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

// hintError is an error with a remedy.
type hintError struct{ problem, hint string }

func hint(problem, hint string) error { return &hintError{problem, hint} }

func (e *hintError) Error() string { return e.problem + "\nTry: " + e.hint }

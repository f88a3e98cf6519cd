package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// newKeyCommand makes a key, which is shown once, and what the bridge keeps.
type newKeyCommand struct {
	Name string `arg:"" help:"Name of the caller, as the log will say it."`
}

// Help tells how to change a key.
func (newKeyCommand) Help() string {
	return "The key goes to the caller, its hash into the configuration. To change a key, add the new hash beside the old one, " +
		"give the caller the new key, and take the old hash out, or let it expire."
}

func (c *newKeyCommand) Run(w *world) error {
	if c.Name == "" || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		return hint("no name of a caller", "letters, digits and -_. as in the-things-stack")
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	// The prefix lets scanners of repositories find a key that got into one.
	key := "mayfly_" + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(key))
	hash := "sha256:" + hex.EncodeToString(sum[:])
	_, err := fmt.Fprintf(w.stdout, `The key of %[1]s, shown this once:

  %[2]s

Its hash, for API_KEYS:

  %[1]s=%[3]s

or for mayfly.yaml:

callers:
  - name: %[1]s
    keys: ["%[3]s"]
    devices: ["*"]   # which devices it may speak for, as in ["tts-*", "sensor-?"]
`, c.Name, key, hash)
	return err
}

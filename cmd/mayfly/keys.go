package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"mayfly/cmd/mayfly/internal/devicelist"
	"mayfly/cmd/mayfly/internal/tool"
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
		return tool.Hint(fmt.Sprintf("%q is not the name of a caller", c.Name),
			"letters, digits and -_. as in the-things-stack")
	}
	key, hash := newKey()
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

// newKey creates a key of a caller, and what the configuration has of it.
func newKey() (key, hash string) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	// The prefix lets scanners of repositories find a key that was committed.
	key = "mayfly_" + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(key))
	return key, "sha256:" + hex.EncodeToString(sum[:])
}

// groupKeys are the flags that name the keys of an enrollment group.
type groupKeys struct {
	GroupKey  string `name:"group-key" placeholder:"REF" help:"The key, such as file:PATH; GROUP_KEY by default."`
	Secondary string `name:"secondary-key" placeholder:"REF" help:"The other key; GROUP_KEY_SECONDARY by default."`
}

// errNoGroupKey is about the primary key alone: the secondary one is optional.
var errNoGroupKey = tool.Hint("there is no group key", "set GROUP_KEY, or use --group-key file:PATH")

// load returns the group's keys. The secondary one is zero where there is none.
func (g *groupKeys) load(ctx context.Context, w *world) (primary, secondary dps.Key, err error) {
	primary, err = loadKey(ctx, w, g.GroupKey, "GROUP_KEY")
	if err != nil {
		return primary, secondary, err
	}
	if primary.IsZero() {
		return primary, secondary, errNoGroupKey
	}
	secondary, err = loadKey(ctx, w, g.Secondary, "GROUP_KEY_SECONDARY")
	return primary, secondary, err
}

// loadKey returns the key that a reference or, without one, a variable names. It is zero where neither is set.
func loadKey(ctx context.Context, w *world, text, variable string) (dps.Key, error) {
	if text == "" {
		text = w.getenv(variable)
	}
	if text == "" {
		return dps.Key{}, nil
	}
	ref, err := secret.Parse(text)
	if err != nil {
		return dps.Key{}, fmt.Errorf("%s: %w", variable, err)
	}
	text, err = w.secrets().Load(ctx, ref)
	if err != nil {
		return dps.Key{}, fmt.Errorf("%s: %w", variable, err)
	}
	key, err := dps.ParseKey(text)
	if err != nil {
		return dps.Key{}, fmt.Errorf("%s: %w", variable, err)
	}
	return key, nil
}

// deriveCommand derives keys of devices.
type deriveCommand struct {
	groupKeys
	Devices []string `arg:"" optional:"" name:"device" help:"Registration ids, or - to read them from standard input."`
	IDs     string   `name:"ids" placeholder:"FILE" complete:"file" help:"Read ids from a file; - is standard input."`
}

// Help is the long help of the command.
func (deriveCommand) Help() string {
	return `A key in GROUP_KEY or in a file does not get into the history of the shell.

Ids from a file or from standard input give CSV with the columns id, primaryKey and
secondaryKey, which is empty without GROUP_KEY_SECONDARY. The file has an id per line,
or is CSV with a header, or JSON such as the emulator's GET /devices.`
}

func (c *deriveCommand) Run(ctx context.Context, w *world) error {
	if c.IDs == "" && len(c.Devices) == 1 && c.Devices[0] == "-" {
		c.IDs, c.Devices = "-", nil
	}
	if (c.IDs == "") == (len(c.Devices) == 0) {
		return tool.Hint("name the devices either one by one or by --ids",
			"mayfly keys derive pump-1, or --ids devices.txt")
	}
	primary, secondary, err := c.load(ctx, w)
	if err != nil {
		return err
	}
	if c.IDs != "" {
		out, err := devicelist.Keys(w.stdout)
		if err != nil {
			return err
		}
		return writeList(ctx, w, c.IDs, out, primary, secondary)
	}
	for _, id := range c.Devices {
		line := primary.Derive(id).Reveal() + "\n"
		if len(c.Devices) > 1 {
			line = id + " " + line
		}
		if _, err := fmt.Fprint(w.stdout, line); err != nil {
			return err
		}
	}
	return nil
}

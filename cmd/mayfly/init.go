package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/ask"
	"mayfly/cmd/mayfly/internal/starter"
	"mayfly/dps"
	"mayfly/internal/secret"
	"mayfly/transform"
)

// initCommand writes the files of a new installation.
type initCommand struct {
	Folder   string `arg:"" optional:"" default:"." help:"Where to write; this folder by default."`
	Host     string `placeholder:"HOST" help:"server, container, lambda, functions or kubernetes."`
	Source   string `placeholder:"NAME" complete:"source" help:"What sends: a source such as tts, or native."`
	IDScope  string `name:"id-scope" placeholder:"SCOPE" help:"ID scope; ID_SCOPE by default."`
	GroupKey string `name:"group-key" placeholder:"REF" help:"Its key, such as file:PATH; GROUP_KEY by default."`
	Caller   string `placeholder:"NAME" help:"Name of the first caller; the source's by default."`
}

// Help is the long help of the command.
func (initCommand) Help() string {
	return `Writes mayfly.yaml with a caller and the hash of its key, .env with the secrets, and the
parameters of the host's deployment; then it names the next three commands. It asks for
what the flags leave out. A file that is there is kept, so the command can be repeated.

IoT Central shows the ID scope and the key under Permissions, Device connection groups,
SAS-IoT-Devices; a DPS on its overview page and in its enrollment group.`
}

func (c *initCommand) Run(ctx context.Context, w *world) error {
	plan, err := c.plan(ctx, w)
	if err != nil {
		return err
	}
	newConfig := true
	if _, err := os.Stat(filepath.Join(c.Folder, "mayfly.yaml")); err == nil {
		newConfig = false
		plan.Key = "" // its caller has another one
	}
	written, err := starter.Write(c.Folder, plan.Files())
	for _, f := range written {
		verb := "created"
		if f.Kept {
			verb = "kept"
		}
		_, _ = fmt.Fprintf(w.stdout, "%-8s %-22s %s\n", verb, f.Name, f.Purpose)
	}
	if err != nil {
		return err
	}
	if newConfig && plan.HasCaller() {
		_, _ = fmt.Fprintf(w.stdout, "\nThe key of %s, which is shown this once:\n\n  %s\n", plan.Caller, plan.Key)
	}
	if err := c.sender(w, plan); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w.stdout, "\nNext:")
	for i, next := range plan.Next() {
		_, _ = fmt.Fprintf(w.stdout, "  %d. %s:\n     %s\n", i+1, next.Purpose, next.Line)
	}
	return nil
}

// sender prints how the sender is set up.
func (c *initCommand) sender(w *world, plan *starter.Plan) error {
	if plan.Source == starter.Native {
		_, err := fmt.Fprintln(w.stdout,
			"\nDevices POST JSON to https://YOUR-MAYFLY/api/devices/ID/telemetry with the header x-api-key: KEY.")
		return err
	}
	source, err := transform.New().Source(plan.Source)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "\n%s:\n  %s\n", source.Title,
		strings.ReplaceAll(strings.TrimSpace(source.Setup), "\n", "\n  "))
	return err
}

// plan completes the flags by questions.
func (c *initCommand) plan(ctx context.Context, w *world) (*starter.Plan, error) {
	q := ask.New(w.stdin, w.stderr)
	sources := append([]string{starter.Native}, transform.New().SourceNames()...)
	p := &starter.Plan{}
	var err error
	put := func(value, question, usual, flag string, check func(string) error) string {
		if err != nil {
			return ""
		}
		var answer string
		answer, err = q.Ask(value, question, usual, flag, check)
		return answer
	}
	p.Host = starter.Host(put(c.Host, "Where does it run? "+hostNames(), string(starter.Server), "--host", checkHost))
	p.Source = put(c.Source, "What sends? native (devices), tts, chirpstack, sigfox ... (mayfly check lists all)",
		starter.Native, "--source", func(s string) error {
			if !slices.Contains(sources, s) {
				return fmt.Errorf("there is no source %q: %s", s, strings.Join(sources, ", "))
			}
			return nil
		})
	p.IDScope = put(cmp.Or(c.IDScope, w.getenv("ID_SCOPE")), "ID scope, as in 0ne00123ABC", "",
		"--id-scope or ID_SCOPE", checkScope)
	p.GroupKey = put(cmp.Or(c.GroupKey, w.getenv("GROUP_KEY")), "Key of the enrollment group, or a reference to it", "",
		"--group-key or GROUP_KEY", func(s string) error { return checkGroupKey(ctx, w, s) })
	p.Caller = put(c.Caller, "Name of the first caller", p.Source, "--caller", checkCaller)
	if err != nil {
		return nil, err
	}
	p.Key, p.Hash = newKey()
	return p, nil
}

func hostNames() string {
	var b strings.Builder
	for _, h := range starter.Hosts() {
		fmt.Fprintf(&b, "\n  %-11s %s", h.Host, h.Text)
	}
	return b.String() + "\n"
}

func checkHost(s string) error {
	var names []string
	for _, h := range starter.Hosts() {
		names = append(names, string(h.Host))
	}
	if slices.Contains(names, s) {
		return nil
	}
	return fmt.Errorf("%q is not a host: want %s", s, strings.Join(names, ", "))
}

func checkScope(s string) error {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return fmt.Errorf("%q is not an ID scope: want letters and digits, as in 0ne00123ABC", s)
	}
	return nil
}

func checkCaller(s string) error {
	if strings.Trim(s, callerNameChars) != "" {
		return fmt.Errorf("%q is not the name of a caller: letters, digits, -_ and full stops", s)
	}
	return nil
}

// checkGroupKey looks at what is on this machine; what a cloud keeps is not fetched.
func checkGroupKey(ctx context.Context, w *world, s string) error {
	ref, err := secret.Parse(s)
	if err != nil {
		return err
	}
	if ref.Kind() != secret.Literal && ref.Kind() != secret.File {
		return nil
	}
	text, err := w.secrets().Load(ctx, ref)
	if err != nil {
		return err
	}
	_, err = dps.ParseKey(text)
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/function"
	"mayfly/transform/message"
)

// doctorCommand checks the configuration against the real world.
type doctorCommand struct {
	Device  string `placeholder:"ID" help:"Register this device, and send a test event from it."`
	Fleet   string `placeholder:"NAME" help:"Try this fleet of mayfly.yaml only."`
	NoEvent bool   `help:"Register the device, but send nothing."`
}

// Help is the long help of the command.
func (doctorCommand) Help() string {
	return `Reads the configuration as the bridge does, from the environment and mayfly.yaml, and
tries it step by step: the credential, the name and the connection of DPS, the clock,
the ID scope and the key. That changes nothing. With --device it goes on as the bridge
would: it registers the device, looks at its hub, and sends {} with the property
test=true. Each fault comes with what to do. The exit code is 1 when there is one.`
}

func (c *doctorCommand) Run(ctx context.Context, w *world) error {
	if c.Device != "" && !message.ValidDeviceID(c.Device) {
		return tool.Hint(fmt.Sprintf("%q is not a device id", c.Device),
			"1 to 128 letters, digits and -._:, as in pump-1")
	}
	config, err := function.LoadConfig(c.environ(w), function.WithCodecs(w.codecs))
	if err != nil {
		return fmt.Errorf("the configuration is wrong:\n%w", err)
	}
	fleets, err := c.fleets(config)
	if err != nil {
		return err
	}
	out := &doctorReport{to: w}
	out.line("configuration", "ok", fmt.Sprintf("%d sources, %s", len(config.Transformer.SourceNames()),
		counted(len(config.Fleets), "fleet")))
	options := function.Checkup{Fleets: fleets, Device: c.Device, SendEvent: !c.NoEvent}
	if !function.Examine(ctx, config, options, out.step) {
		return errors.New("something is wrong, see above")
	}
	return nil
}

// environ is the environment with what a laptop lacks: who may send is not this command's question.
func (c *doctorCommand) environ(w *world) []string {
	if w.getenv("AUTH") == "" {
		return append(slices.Clone(w.environ), "AUTH=none")
	}
	return w.environ
}

// fleets returns the names of the fleets to try.
func (c *doctorCommand) fleets(config *function.Config) ([]string, error) {
	all := slices.Sorted(maps.Keys(config.Fleets))
	if c.Fleet == "" && c.Device != "" && len(all) > 1 {
		return nil, tool.Hint("there are several fleets, and the device is in one of them",
			"--fleet "+strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ", or --fleet "))
	}
	if c.Fleet == "" {
		return all, nil
	}
	if !slices.Contains(all, c.Fleet) {
		return nil, tool.Hint(fmt.Sprintf("there is no fleet %q", c.Fleet), "one of the fleets in mayfly.yaml")
	}
	return []string{c.Fleet}, nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// doctorReport prints steps.
type doctorReport struct {
	to    *world
	fleet string
}

func (r *doctorReport) line(name, status, detail string) {
	_, _ = fmt.Fprintf(r.to.stdout, "%-15s %-8s %s\n", name, status, detail)
}

func (r *doctorReport) step(s function.CheckupStep) {
	if s.Fleet != r.fleet {
		r.fleet = s.Fleet
		_, _ = fmt.Fprintf(r.to.stdout, "\nfleet %s\n", s.Fleet)
	}
	r.line(s.Name, string(s.Status), s.Detail)
	if s.Remedy != "" {
		r.line("", "", "Try: "+s.Remedy)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// codecCommand is about codecs: what decodes the bytes of a device.
type codecCommand struct {
	Test codecTestCommand `cmd:"" help:"Run payload formatters against their examples."`
}

// codecTestCommand proves payload formatters by the examples that stand beside
// them.
type codecTestCommand struct {
	Paths   []string `arg:"" name:"path" help:"Files of examples, payload formatters, or folders of both."`
	Verbose bool     `short:"v" help:"Name the examples that pass, too."`
}

// Help tells what examples are.
func (codecTestCommand) Help() string {
	return `Examples are read from the YAML of the LoRaWAN device repository (uplinkDecoder
with fileName and examples) and from JSON (a list of the same: examples.json
next to the formatter). Numbers may differ by 1e-9 of their size; null is the
same as absent. The exit code is 1 when an example fails.`
}

func (c *codecTestCommand) Run(ctx context.Context, w *world) error {
	var suites []*codecSuite
	for _, path := range c.Paths {
		found, err := findSuites(path)
		if err != nil {
			return err
		}
		suites = append(suites, found...)
	}
	if len(suites) == 0 {
		return errors.New("no examples of payload formatters there")
	}
	runSuites(ctx, suites)
	if err := ctx.Err(); err != nil {
		return err
	}
	passed, failed, unloaded := 0, 0, 0
	var out strings.Builder
	for _, s := range suites {
		if s.err != nil {
			unloaded++
			fmt.Fprintf(&out, "FAIL %s\n     %v\n", s.path, s.err)
		}
		for i, differences := range s.differences {
			switch name := s.examples.Examples[i].Name; {
			case s.err != nil:
				failed++
			case len(differences) > 0:
				failed++
				fmt.Fprintf(&out, "FAIL %s: %s\n     %s\n", s.path, name, strings.Join(differences, "\n     "))
			default:
				passed++
				if c.Verbose {
					fmt.Fprintf(&out, "ok   %s: %s\n", s.path, name)
				}
			}
		}
	}
	share := 100.0
	if passed+failed > 0 {
		share = 100 * float64(passed) / float64(passed+failed)
	}
	fmt.Fprintf(&out, "%d examples of %d codecs: %d passed (%.1f %%), %d failed; %d codecs do not load\n",
		passed+failed, len(suites), passed, share, failed, unloaded)
	if _, err := w.stdout.Write([]byte(out.String())); err != nil {
		return err
	}
	if failed+unloaded > 0 {
		return errors.New("not all examples pass")
	}
	return nil
}

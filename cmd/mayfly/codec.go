package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mayfly/cmd/mayfly/internal/codecsuite"
)

// codecCommand is about codecs, which decode the bytes of devices.
type codecCommand struct {
	Test codecTestCommand `cmd:"" help:"Run payload formatters against their examples."`
}

// codecTestCommand runs payload formatters against the examples beside them.
type codecTestCommand struct {
	Paths   []string `arg:"" name:"path" complete:"file" help:"Files of examples, payload formatters, or folders."`
	Verbose bool     `short:"v" help:"Print the examples that pass, too."`
}

// Help is the long help of the command.
func (codecTestCommand) Help() string {
	return `Examples are read from the YAML of the LoRaWAN device repository (uplinkDecoder and
downlinkEncoder with fileName and examples) and from JSON (a list of the same, such as an
examples.json beside the formatter). Numbers may differ by 1e-9 of their size; null is the
same as absent. The exit code is 1 when an example fails.`
}

func (c *codecTestCommand) Run(ctx context.Context, w *world) error {
	var suites []*codecsuite.Suite
	for _, path := range c.Paths {
		found, err := codecsuite.Find(path)
		if err != nil {
			return err
		}
		suites = append(suites, found...)
	}
	if len(suites) == 0 {
		return errors.New("no examples of payload formatters found")
	}
	codecsuite.Run(ctx, suites, w.codecs)
	if err := ctx.Err(); err != nil {
		return err
	}
	var total tally
	for _, s := range suites {
		total.add(s, c.Verbose)
	}
	if err := total.print(w.stdout, len(suites)); err != nil {
		return err
	}
	if total.failed+total.unloaded > 0 {
		return errors.New("not all examples pass")
	}
	return nil
}

// tally counts results and collects the lines to print.
type tally struct {
	passed, failed, unloaded int
	out                      strings.Builder
}

func (t *tally) add(s *codecsuite.Suite, verbose bool) {
	if s.Err != nil {
		t.unloaded++
		t.failed += len(s.Differences)
		fmt.Fprintf(&t.out, "FAIL %s\n     %v\n", s.Path, s.Err)
		return
	}
	for i, differences := range s.Differences {
		name := s.Name(i)
		if len(differences) > 0 {
			t.failed++
			fmt.Fprintf(&t.out, "FAIL %s: %s\n     %s\n", s.Path, name, strings.Join(differences, "\n     "))
			continue
		}
		t.passed++
		if verbose {
			fmt.Fprintf(&t.out, "ok   %s: %s\n", s.Path, name)
		}
	}
}

func (t *tally) print(w io.Writer, suites int) error {
	share := 100.0
	if t.passed+t.failed > 0 {
		share = 100 * float64(t.passed) / float64(t.passed+t.failed)
	}
	_, err := fmt.Fprintf(w, "%s%d examples of %d codecs: %d passed (%.1f %%), %d failed; %d codecs do not load\n",
		t.out.String(), t.passed+t.failed, suites, t.passed, share, t.failed, t.unloaded)
	return err
}

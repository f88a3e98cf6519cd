package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"mayfly/cmd/mayfly/internal/models"
	"mayfly/function"
	"mayfly/transform"
	"mayfly/transform/message"
)

// checkCommand checks the configuration before it is deployed.
type checkCommand struct {
	Files []string `arg:"" optional:"" name:"file" complete:"file" help:"Configuration files; CONFIG or mayfly.yaml."`
}

// Help is the long help of the command.
func (checkCommand) Help() string {
	return `Checks all that stands in the files: sources, callers, issuers, certificates, fleets,
and the files that they name; then runs the samples of the sources and those of all
built-in ones. When the environment has ID_SCOPE or GROUP_KEY, it is checked as at a
start. A warning is something that a package could not hold, or that cannot be
checked on this machine. The exit code is 1 when something is wrong.`
}

func (c *checkCommand) Run(ctx context.Context, w *world) error {
	files := c.Files
	if len(files) == 0 {
		files = []string{w.getenv("CONFIG")}
	}
	wrong := 0
	for _, file := range files {
		report := function.CheckFile(w.environ, file, function.WithCodecs(w.codecs))
		if report.Found != "" {
			_, _ = fmt.Fprintf(w.stdout, "%s\n\n", report.Found)
		}
		faults := append(startFaults(w, file), report.Faults...)
		printFaults(w.stdout, "", faults)
		printFaults(w.stdout, "warning: ", report.Warnings)
		prover := &models.Prover{Folder: filepath.Dir(report.Found), Set: report.Templates}
		// Its faults are among those of the report.
		enrichment, _ := function.LoadEnrichment(w.environ, file, function.WithCodecs(w.codecs))
		failed, err := proveAll(ctx, w.stdout, report.Transformer, &proof{report.Transformer, prover, enrichment})
		if err != nil {
			return err
		}
		wrong += len(faults) + failed
	}
	if wrong > 0 {
		return errors.New("something is wrong, see above")
	}
	return nil
}

// startFaults are those of the variables, as at a start with a file, where they are
// set on this machine.
func startFaults(w *world, file string) []function.Fault {
	if w.getenv("ID_SCOPE") == "" && w.getenv("GROUP_KEY") == "" {
		return nil
	}
	environ := append(without(w.environ, "CONFIG"), "CONFIG="+file)
	_, err := function.LoadConfig(environ, function.WithCodecs(w.codecs))
	all, _ := errors.AsType[function.FaultsError](err)
	return slices.DeleteFunc(all, func(f function.Fault) bool {
		return f.File != "" || f.Variable == "CONFIG" // the report has them
	})
}

// printFaults prints faults, one per line, and an empty line behind them.
func printFaults(out io.Writer, prefix string, faults []function.Fault) {
	for _, f := range faults {
		_, _ = fmt.Fprintf(out, "%s%s\n", prefix, f)
	}
	if len(faults) > 0 {
		_, _ = fmt.Fprintln(out)
	}
}

// proof is what samples are proved with beside their sources.
type proof struct {
	transform  *transform.Transformer
	models     *models.Prover
	enrichment *function.Enrichment
}

// enricher makes what enriches the messages of a sample; nil where nothing does.
func (p *proof) enricher(of transform.Sample) (*function.Enricher, error) {
	if of.Enriched() && p.enrichment == nil {
		return nil, errors.New("rows and answers are for tables and enrich, and the file has none")
	}
	enricher, err := p.enrichment.Offline(p.transform, of)
	if !of.Enriched() {
		enricher = nil
	}
	return enricher, err
}

// proveAll runs the samples of all sources and returns how many failed.
func proveAll(ctx context.Context, out io.Writer, t *transform.Transformer, p *proof) (failed int, err error) {
	var details strings.Builder
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SOURCE\tSAMPLES\tPASS\t")
	for _, name := range t.SourceNames() {
		source, err := t.Source(name)
		if err != nil {
			return 0, err
		}
		passed := 0
		for _, sample := range source.Samples {
			lines, notes := prove(ctx, source, sample, p)
			codecs := source.CodecFaults(ctx, sample)
			if len(lines) > 0 {
				failed++
				for _, f := range codecs {
					lines = append(lines, f.Error())
				}
				fmt.Fprintf(&details, "\nFAIL %s, sample %q\n  %s\n", name, sample.Name, strings.Join(lines, "\n  "))
				continue
			}
			passed++
			for _, f := range codecs {
				notes = append(notes, f.Error())
			}
			for _, note := range notes {
				fmt.Fprintf(&details, "\nwarning: %s\n", note)
			}
		}
		mark := ""
		switch {
		case passed < len(source.Samples):
			mark = "FAIL"
		case len(source.Samples) == 0:
			mark = "no samples"
		}
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", name, len(source.Samples), passed, mark)
	}
	if err := table.Flush(); err != nil {
		return 0, err
	}
	_, err = io.WriteString(out, details.String())
	return failed, err
}

// prove returns what is wrong with a sample, and what is not wrong as such, one line each.
func prove(
	ctx context.Context, source *transform.Source, sample transform.Sample, p *proof,
) (lines, notes []string) {
	enricher, err := p.enricher(sample)
	if err != nil {
		return []string{err.Error()}, nil
	}
	got, want, err := source.Prove(ctx, sample, func(m *message.Message) error {
		_, err := enricher.Try(ctx, source.Name, m)
		return err
	})
	if err == nil {
		lines, notes = p.models.Prove(sample.Model, got)
		for i := range notes {
			notes[i] = fmt.Sprintf("source %s: sample %q: %s", source.Name, sample.Name, notes[i])
		}
		return append(transform.Differences(got, want, source.File == ""), lines...), notes
	}
	for _, f := range source.SampleFault(sample, err) {
		lines = append(lines, f.Error())
	}
	return lines, nil
}

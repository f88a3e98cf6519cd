package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"mayfly/cmd/mayfly/internal/models"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/function"
	"mayfly/internal/filelist"
	"mayfly/transform"
	"mayfly/transform/message"
	"mayfly/transform/template"
	"mayfly/transform/template/draft"
)

// templateCommand works with device templates.
type templateCommand struct {
	Check  templateCheckCommand  `cmd:"" help:"Check device templates: DTDL, or IoT Central's export."`
	Sample templateSampleCommand `cmd:"" help:"Print a message that fits a device template."`
	Draft  templateDraftCommand  `cmd:"" help:"Write the device template for what a source makes."`
}

// templateCheckCommand reads templates as the bridge does.
type templateCheckCommand struct {
	Files []string `arg:"" name:"file" complete:"file" help:"Files, folders or patterns. They may refer to each other."`
}

// Help is the long help of the command.
func (templateCheckCommand) Help() string {
	return `Prints one line per file: ok, the models and how many telemetry values they have, or what
is wrong. The exit code is 1 when a file is wrong. What a model refers to and no file has
is named, and not checked.`
}

func (c *templateCheckCommand) Run(w *world) error {
	files, err := filelist.Expand(".", c.Files, ".json")
	if err != nil {
		return err
	}
	read, err := models.Read(files)
	if err != nil {
		return err
	}
	wrong := 0
	for _, f := range read.Files {
		if len(f.Faults) > 0 {
			wrong++
		}
		_, _ = fmt.Fprintln(w.stdout, read.Describe(f))
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d files cannot be used", wrong, len(read.Files))
	}
	return nil
}

// templateSampleCommand prints a message that fits.
type templateSampleCommand struct {
	Model  string `arg:"" help:"A file, or the DTMI of a model in the configuration." complete:"file"`
	Device string `default:"sample-1" help:"Id of the device (${default})."`
}

// Help is the long help of the command.
func (templateSampleCommand) Help() string {
	return `Prints messages in the format of POST /api/telemetry, one per line: one for the device and
one for each component that has telemetry. They are the same ones each time.`
}

func (c *templateSampleCommand) Run(w *world) error {
	set, ids, err := c.models(w)
	if err != nil {
		return err
	}
	for _, id := range ids {
		for _, m := range set.Model(id).Sample() {
			type device struct {
				ID    string `json:"deviceId"`
				Model string `json:"modelId"`
			}
			line, err := json.Marshal(struct {
				Device       device          `json:"device"`
				Component    string          `json:"component,omitempty"`
				Measurements json.RawMessage `json:"measurements"`
			}{device{c.Device, id}, m.Component, m.Body})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w.stdout, "%s\n", line); err != nil {
				return err
			}
		}
	}
	return nil
}

// models returns the models of a file, or the one model of the configuration.
func (c *templateSampleCommand) models(w *world) (*template.Set, []string, error) {
	if strings.HasPrefix(c.Model, "dtmi:") {
		set, _, err := function.LoadTemplates(w.environ, "")
		if err != nil {
			return nil, nil, err
		}
		if set.Model(c.Model) == nil {
			return nil, nil, tool.Hint("there is no model "+c.Model+" among the templates",
				"templates: in mayfly.yaml or TEMPLATES names the files")
		}
		return set, []string{c.Model}, nil
	}
	read, err := models.Read([]string{c.Model})
	if err != nil {
		return nil, nil, err
	}
	if f := read.Files[0]; len(f.Faults) > 0 {
		return nil, nil, f.Faults
	}
	return read.Set, read.Files[0].Roots, nil
}

// templateDraftCommand writes a template for a source.
type templateDraftCommand struct {
	Source string   `arg:"" complete:"source" help:"The source."`
	Bodies []string `arg:"" optional:"" complete:"file" help:"Bodies of its sender; by default its samples."`
	ID     string   `name:"id" placeholder:"DTMI" help:"Identifier of the model; dtmi:mayfly:SOURCE;1 by default."`
	Name   string   `help:"Display name of the model; the source's title by default."`
	Config string   `complete:"file" help:"Configuration file; by default CONFIG, or else mayfly.yaml."`
}

// Help is the long help of the command.
func (templateDraftCommand) Help() string {
	return `Writes an interface in DTDL 2, which IoT Central imports under Device templates, New, Import
a model. It has the names of all members and the narrowest schemas that all messages fit.
Members that are not certain are left out, and named on standard error.`
}

func (c *templateDraftCommand) Run(ctx context.Context, w *world) error {
	source, err := w.tool().Source(c.Config, c.Source)
	if err != nil {
		return err
	}
	messages, err := c.messages(ctx, w, source)
	if err != nil {
		return err
	}
	id := cmp.Or(c.ID, "dtmi:mayfly:"+message.DTDLName(source.Name)+";1")
	d, err := draft.New(id, cmp.Or(c.Name, source.Title, source.Name), messages)
	if err != nil {
		return err
	}
	for _, o := range d.Omitted {
		_, _ = fmt.Fprintf(w.stderr, "left out: %s: %s\n", o.Path, o.Reason)
	}
	_, err = fmt.Fprintf(w.stdout, "%s\n", strings.TrimRight(string(d.Model), "\n"))
	return err
}

// messages are what the source makes of the bodies, or of its samples.
func (c *templateDraftCommand) messages(ctx context.Context, w *world, s *transform.Source) ([]draft.Message, error) {
	requests := make([]*message.Request, 0, len(c.Bodies))
	for _, name := range c.Bodies {
		body, err := readBody(w, name)
		if err != nil {
			return nil, err
		}
		requests = append(requests, &message.Request{Method: "POST", Path: "/api/" + s.Name, Body: body,
			Query: map[string][]string{}, Header: map[string][]string{}})
	}
	if len(c.Bodies) == 0 {
		for i := range s.Samples {
			requests = append(requests, s.Samples[i].Request.Request(s.Name))
		}
	}
	var out []draft.Message
	for i, r := range requests {
		outcome, err := s.Map(ctx, r)
		if err != nil && len(c.Bodies) > 0 {
			return nil, fmt.Errorf("%s: %w", c.Bodies[i], err)
		}
		for j := range outcome.Messages {
			out = append(out, draft.Message{Component: outcome.Messages[j].Component, Body: outcome.Messages[j].Body})
		}
	}
	if len(out) == 0 {
		return nil, tool.Hint("there are no messages to draft a template for", "name files with bodies of the sender")
	}
	return out, nil
}

// readBody reads a file, or standard input where the name is "-".
func readBody(w *world, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(w.stdin)
	}
	return os.ReadFile(name)
}

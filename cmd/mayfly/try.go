package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/textproto"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/looks"
	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/function"
	"mayfly/transform"
	"mayfly/transform/message"
)

// tryCommand shows what a source makes of a request.
type tryCommand struct {
	Source      string   `arg:"" complete:"source" help:"The source, ingest to detect it, telemetry or device."`
	File        string   `arg:"" complete:"file" help:"The body; - reads it from standard input."`
	ContentType string   `short:"t" help:"Media type of the body; by default that of the file's name, or of the body."`
	Query       string   `short:"q" help:"Query string, such as 'event=up&x=1'."`
	Header      []string `short:"H" sep:"none" help:"A header, such as 'X-Soracom-Imsi: 295100000000001'; repeatable."`
	Method      string   `default:"POST" help:"Method of the request."`
	Path        string   `help:"Path of the request; /api/SOURCE by default."`
	Config      string   `complete:"file" help:"Configuration file; by default CONFIG, or else mayfly.yaml."`
	JSON        bool     `name:"json" help:"Write JSON."`
	Offline     bool     `help:"Ask nobody: rows and answers are those of the source's samples."`
}

// Help is the long help of the command.
func (tryCommand) Help() string {
	return `Shows the body as it was read, each expression of the source with its value, the
device, what reduce makes of several readings, what tables and look-ups add, what its
template made right or misses, and the event with its headers as the hub would get it.
Nothing is sent, but look-ups are made unless --offline is given. The exit code is 1
when a part that is not ignored does not become a message.`
}

func (c *tryCommand) Run(ctx context.Context, w *world) error {
	t, _, err := function.LoadSources(cmp.Or(c.Config, w.getenv("CONFIG")), function.WithCodecs(w.codecs))
	if err != nil {
		return err
	}
	request, err := c.request(w)
	if err != nil {
		return err
	}
	var options trial.Options
	trace, err := c.trace(ctx, t, request, func(samples []transform.Sample) (err error) {
		options.Reducer, options.Enricher, err = c.reduceAndEnrich(w, t, samples)
		return err
	})
	if err != nil {
		return err
	}
	if _, options.Fitter, err = function.LoadTemplates(w.environ, c.Config); err != nil {
		return err
	}
	result := trial.Of(ctx, trace, options)
	if c.JSON {
		text, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.stdout, "%s\n", text)
		return errors.Join(err, result.Failure())
	}
	result.Print(w.stdout, w.tool().HasColors())
	return result.Failure()
}

// trace maps the request by its source, or reads it as one of Mayfly's own formats. prepare is called before, with the
// samples of the source.
func (c *tryCommand) trace(
	ctx context.Context, t *transform.Transformer, r *message.Request, prepare func([]transform.Sample) error,
) (transform.Trace, error) {
	if trial.IsNative(c.Source) {
		return trial.Native(t, c.Source, r), prepare(nil)
	}
	var source *transform.Source
	var err error
	if c.Source == "ingest" {
		source, err = t.Detect(ctx, r)
	} else {
		source, err = t.Source(c.Source)
	}
	switch {
	case err != nil:
		return transform.Trace{}, err
	case source == nil && c.Source == "ingest":
		return transform.Trace{}, errors.New("no source recognizes the request")
	case source == nil:
		return transform.Trace{}, fmt.Errorf("unknown source %q; want one of telemetry, device, %s", c.Source,
			strings.Join(t.SourceNames(), ", "))
	}
	if err := prepare(source.Samples); err != nil {
		return transform.Trace{}, err
	}
	return source.Trace(ctx, r), nil
}

// reduceAndEnrich makes what the configuration does to messages before their templates.
func (c *tryCommand) reduceAndEnrich(
	w *world, t *transform.Transformer, samples []transform.Sample,
) (*function.Reducer, *function.Enricher, error) {
	enrichment, err := function.LoadEnrichment(w.environ, c.Config, function.WithCodecs(w.codecs))
	if err != nil || !c.Offline {
		return enrichment.Reducer(), enrichment.Online(t), err
	}
	enricher, err := enrichment.Offline(t, samples...)
	return enrichment.Reducer(), enricher, err
}

func (c *tryCommand) request(w *world) (*message.Request, error) {
	body, err := readBody(w, c.File)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(c.Query)
	if err != nil {
		return nil, fmt.Errorf("--query: %w", err)
	}
	r := &message.Request{
		Method: strings.ToUpper(c.Method), Path: cmp.Or(c.Path, "/api/"+c.Source), Query: query, Body: body,
		Header: map[string][]string{}, Received: time.Now(),
	}
	mediaType := c.ContentType
	if byName := mime.TypeByExtension(filepath.Ext(c.File)); mediaType == "" &&
		!strings.HasPrefix(byName, "text/plain") {
		mediaType = byName
	}
	if mediaType == "" && !c.hasContentType() {
		guess := looks.Guess(body)
		mediaType, r.Body = guess.MediaType, guess.Bytes
		if guess.Name != "" && guess.Name != "JSON" {
			_, _ = fmt.Fprintf(w.stderr, "The body looks like %s (%s); --content-type says otherwise.\n",
				guess.Name, mediaType)
		}
	}
	if mediaType != "" {
		r.Header["Content-Type"] = []string{mediaType}
	}
	for _, h := range c.Header {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return nil, fmt.Errorf("--header: %q is not a header, such as 'Name: value'", h)
		}
		name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
		r.Header[name] = append(r.Header[name], strings.TrimSpace(value))
	}
	return r, nil
}

// hasContentType tells whether a header says how the body is written.
func (c *tryCommand) hasContentType() bool {
	for _, h := range c.Header {
		if name, _, _ := strings.Cut(h, ":"); strings.EqualFold(strings.TrimSpace(name), "Content-Type") {
			return true
		}
	}
	return false
}

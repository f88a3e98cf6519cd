package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/looks"
	"mayfly/function"
	"mayfly/httpsend"
	"mayfly/transform"
	"mayfly/transform/message"
)

// tryCommand shows what a source makes of a request.
type tryCommand struct {
	Source      string   `arg:"" complete:"source" help:"The source, or ingest to detect it."`
	File        string   `arg:"" complete:"file" help:"The body; - reads it from standard input."`
	ContentType string   `short:"t" help:"Media type of the body; by default that of the file's name, or of the body."`
	Query       string   `short:"q" help:"Query string, such as 'event=up&x=1'."`
	Header      []string `short:"H" sep:"none" help:"A header, such as 'X-Soracom-Imsi: 295100000000001'; repeatable."`
	Method      string   `default:"POST" help:"Method of the request."`
	Path        string   `help:"Path of the request; /api/SOURCE by default."`
	Config      string   `complete:"file" help:"Configuration file; by default CONFIG, or else mayfly.yaml."`
	JSON        bool     `name:"json" help:"Write JSON."`
}

// Help is the long help of the command.
func (tryCommand) Help() string {
	return `Shows the body as it was read, each expression of the source with its value, the
device, and the event with its headers as the hub would get it. Nothing is sent. The
exit code is 1 when a part that is not ignored does not become a message.`
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
	var source *transform.Source
	if c.Source == "ingest" {
		source, err = t.Detect(ctx, request)
	} else {
		source, err = t.Source(c.Source)
	}
	switch {
	case err != nil:
		return err
	case source == nil && c.Source == "ingest":
		return errors.New("no source recognizes the request")
	case source == nil:
		return fmt.Errorf("unknown source %q; want one of %s", c.Source, strings.Join(t.SourceNames(), ", "))
	}
	trace := source.Trace(ctx, request)
	if c.JSON {
		text, err := json.MarshalIndent(trace, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.stdout, "%s\n", text)
		return errors.Join(err, failure(&trace))
	}
	p := &printer{w: w.stdout, color: hasColors(w)}
	p.trace(&trace)
	return failure(&trace)
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

// failure is the error for a trace in which a part did not become a message.
func failure(t *transform.Trace) error {
	if t.Error != nil {
		return errors.New("the body does not become a message")
	}
	for i := range t.Parts {
		if t.Parts[i].Error != nil {
			return errors.New("a part of the body does not become a message")
		}
	}
	return nil
}

// printer writes a trace for people.
type printer struct {
	w     io.Writer
	color bool
}

func (p *printer) trace(t *transform.Trace) {
	p.title("source " + t.Source)
	if t.Error == nil || t.Decoded != nil {
		p.title("body, as it was read")
		p.value("", t.Decoded)
	}
	if t.Error != nil {
		p.failed(t.Error)
		return
	}
	for i := range t.Parts {
		part := &t.Parts[i]
		if len(t.Parts) > 1 {
			p.title(fmt.Sprintf("part %d of %d", i+1, len(t.Parts)))
		} else {
			p.title("mapped")
		}
		for _, step := range part.Steps {
			if step.Error != "" {
				p.line("%s  %s", p.paint("36", step.Field), p.paint("31", step.Error))
				continue
			}
			p.value(p.paint("36", step.Field)+"  ", step.Value)
		}
		switch {
		case part.Ignored:
			p.line("%s", p.paint("33", "ignored: not telemetry"))
		case part.Error != nil:
			p.failed(part.Error)
		default:
			p.message(part.Message)
			for _, m := range part.More {
				p.message(m)
			}
		}
	}
	for _, note := range t.Notes {
		p.line("%s", p.paint("33", note))
	}
	if failure(t) != nil {
		return
	}
	p.title(fmt.Sprintf("answer %d %s", t.Answer.Status, strings.TrimSpace(t.Answer.Body)))
}

func (p *printer) message(m *transform.TraceMessage) {
	p.title("device " + m.DeviceID)
	event := httpsend.Event{Body: m.Body, MessageID: m.Message.MessageID, Time: m.Message.Time, Component: m.Component,
		Properties: m.Properties}
	p.title("event")
	for name, value := range event.Headers() {
		p.line("%s: %s", p.paint("36", name), value)
	}
	p.line("")
	p.line("%s", p.paint("32", string(m.Body)))
}

func (p *printer) failed(e *transform.TraceError) {
	kind := map[string]string{
		"malformed": "the body is malformed: ", "unsupported": "the body cannot be read: ",
	}[e.Kind]
	p.line("%s", p.paint("31", kind+e.Detail))
	for _, f := range e.Fields {
		p.line("%s", p.paint("31", "  "+sentence(f.Path, f.Hint)))
	}
}

// sentence joins a field and what is wrong with it, which may begin with a verb.
func sentence(field, hint string) string {
	verb, _, _ := strings.Cut(hint, " ")
	if slices.Contains([]string{"is", "must", "gave", "gives", "takes"}, verb) {
		return field + " " + hint
	}
	return field + ": " + hint
}

func (p *printer) title(text string) { p.line("%s", p.paint("1", text)) }

func (p *printer) value(prefix string, value any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		p.line("%sa value that JSON cannot write, such as NaN", prefix)
		return
	}
	p.line("%s%s", prefix, strings.TrimSpace(b.String()))
}

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p.w, format+"\n", args...) }

func (p *printer) paint(code, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// hasColors reports whether the output is a terminal whose user wants colors.
func hasColors(w *world) bool {
	file, ok := w.stdout.(*os.File)
	if !ok || w.getenv("NO_COLOR") != "" || w.getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

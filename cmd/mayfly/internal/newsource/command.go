package newsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/looks"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/function"
	"mayfly/internal/lazyregexp"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// Group is the command source.
type Group struct {
	New Command `cmd:"" help:"Write a source from a body that a sender has sent."`
}

// Command writes a source.
type Command struct {
	Name        string   `arg:"" help:"Name of the source: lower-case letters, digits, hyphens."`
	Body        string   `required:"" placeholder:"FILE" complete:"file" help:"A captured body; - is standard input."`
	Header      []string `short:"H" sep:"none" placeholder:"'K: V'" help:"A header of the request; repeatable."`
	Path        string   `placeholder:"PATH" help:"Path of the request, with its query, such as '/hook?id=7'."`
	Method      string   `default:"POST" help:"Method of the request (${default})."`
	ContentType string   `short:"t" placeholder:"TYPE" help:"Media type of the body; by default what it looks like."`
	Out         string   `short:"o" placeholder:"FILE" complete:"file" help:"The new file; sources/NAME.yaml."`
	Config      string   `complete:"file" placeholder:"FILE" help:"Configuration file; CONFIG, or else mayfly.yaml."`
}

// Help is the long help of the command.
func (Command) Help() string {
	return `Guesses the device id, the time, the messages of a batch, the readings and the payload
bytes, and writes a source with the body as its sample. What it is not sure of is told,
with what it may be instead, here and as comments in the file. Credentials get neither
into the readings nor into the sample; ids and positions of your devices do.

The exit code is 1 when the source does not make messages of the body.`
}

var nameForm = lazyregexp.New(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxBody = 4 << 20

// Run runs the command.
func (c *Command) Run(ctx context.Context, w *tool.World) error {
	if !nameForm().MatchString(c.Name) {
		return tool.Hint(fmt.Sprintf("%q is not the name of a source", c.Name),
			"lower-case letters, digits and hyphens, as in acme-level")
	}
	t, found, err := function.LoadSources(cmp.Or(c.Config, w.Getenv("CONFIG")), function.WithCodecs(w.Codecs))
	if err != nil {
		return err
	}
	if known, _ := t.Source(c.Name); known != nil {
		return tool.Hint("there is a source "+c.Name+" already", "mayfly try "+c.Name+" "+c.Body+", or another name")
	}
	capture, err := c.capture(w)
	if err != nil {
		return err
	}
	d, err := New(ctx, t, *capture)
	if err != nil {
		return err
	}
	out := cmp.Or(c.Out, filepath.Join("sources", c.Name+".yaml"))
	if err := c.save(w, out, d.YAML); err != nil {
		return err
	}
	to := w
	if out == "-" {
		to = &tool.World{Stdout: w.Stderr, Stderr: w.Stderr, Environ: w.Environ}
	}
	Print(to, d)
	if len(d.Wrong) > 0 {
		return errors.New("the source does not prove itself:\n  " + strings.Join(d.Wrong, "\n  "))
	}
	if out != "-" {
		c.next(w, out, found)
	}
	return nil
}

// capture reads the flags.
func (c *Command) capture(w *tool.World) (*Capture, error) {
	body, err := w.ReadFile(c.Body)
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%s has %d bytes: want at most %d, as of one request", c.Body, len(body), maxBody)
	}
	where, err := url.Parse(c.Path)
	if err != nil {
		return nil, fmt.Errorf("--path: %w", err)
	}
	r := &message.Request{Method: strings.ToUpper(c.Method), Path: "/api/" + c.Name, Query: where.Query(), Body: body,
		Header: map[string][]string{}, Received: time.Now()}
	for _, h := range c.Header {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return nil, fmt.Errorf("--header: %q is not a header, such as 'Name: value'", h)
		}
		name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
		r.Header[name] = append(r.Header[name], strings.TrimSpace(value))
	}
	if c.ContentType != "" {
		r.Header["Content-Type"] = []string{c.ContentType}
	}
	capture := Looking(c.Name, r)
	capture.Tail = strings.TrimPrefix(where.Path, r.Path)
	return capture, nil
}

// Looking makes a capture of a request, with the media type that its body looks like where it has none.
func Looking(name string, r *message.Request) *Capture {
	out := &Capture{Name: name, Request: r, Typed: r.HeaderValue("Content-Type") != ""}
	guess := looks.Guess(r.Body)
	out.Looks = map[string]media.Format{
		"NDJSON": media.FormatNDJSON, "XML": media.FormatXML, "InfluxDB lines": media.FormatInflux,
		"a form": media.FormatForm, "CSV": media.FormatCSV,
	}[guess.Name]
	isText := guess.Name == "the hex digits of bytes" ||
		guess.Name == "a form" && !strings.Contains(string(r.Body), "&") && strings.ContainsAny(string(r.Body), "; ,")
	if isText {
		out.Looks = ""
	}
	if !out.Typed && guess.MediaType != "" {
		kind := guess.MediaType
		if isText {
			kind = "text/plain"
		}
		r.Header["Content-Type"] = []string{kind}
	}
	return out
}

// save writes a new file.
func (c *Command) save(w *tool.World, out string, text []byte) error {
	if out == "-" {
		_, err := w.Stdout.Write(text)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // it is no secret
	if errors.Is(err, fs.ErrExist) {
		return tool.Hint(out+" exists", "another name with --out, or remove it")
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// Print tells about the guesses.
func Print(w *tool.World, d *Draft) {
	if d.Like != "" {
		w.Printf("%s\n\n", w.Paint("33", "The built-in source "+d.Like+" recognizes this body: mayfly try "+d.Like+
			" FILE shows what it makes of it."))
	}
	for i := range d.Notes {
		n := &d.Notes[i]
		for j, line := range n.Lines() {
			member, color := n.Member, "0"
			if n.Unsure {
				color = "33"
			}
			if j > 0 {
				member = ""
			}
			w.Printf("%s  %s\n", w.Paint("36", fmt.Sprintf("%-12s", member)), w.Paint(color, line))
		}
	}
	for i, m := range d.Messages {
		const maxShown = 3
		if i == maxShown {
			w.Printf("and %d more\n", len(d.Messages)-i)
			break
		}
		if i == 0 {
			w.Printf("\nIt makes of the body:\n")
		}
		w.Printf("  %s  %s  %s\n", m.DeviceID, cmp.Or(m.Time, "on arrival"), m.Body)
	}
}

// next tells what to do with the file.
func (c *Command) next(w *tool.World, out, found string) {
	w.Printf("\nWrote %s.\n", out)
	pattern := "./" + filepath.ToSlash(filepath.Join(filepath.Dir(out), "*.yaml"))
	if filepath.IsAbs(out) {
		pattern = filepath.ToSlash(filepath.Join(filepath.Dir(out), "*.yaml"))
	}
	line := "sources: [" + pattern + "]"
	config := cmp.Or(found, c.Config, w.Getenv("CONFIG"), "mayfly.yaml")
	if found == "" && c.Config == "" && w.Getenv("CONFIG") == "" && !filepath.IsAbs(out) {
		err := c.save(w, config, []byte("# docs/mapping.md tells about sources.\n"+line+"\n"))
		if err == nil {
			w.Printf("Wrote %s, which reads it.\n", config)
		}
	} else if text, err := os.ReadFile(config); err != nil || !strings.Contains(string(text), pattern) {
		w.Printf("Let %s read it: under sources: put %s\n", config, pattern)
	}
	w.Printf("Then: mayfly check, mayfly dev, and a real request to /api/%s. CONTRIBUTING.md tells how to send it "+
		"upstream.\n", c.Name)
}

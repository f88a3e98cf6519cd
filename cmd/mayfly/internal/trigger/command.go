package trigger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/internal/secret"
	"mayfly/transform"
	"mayfly/transform/message"
)

// Command sends a sample.
type Command struct {
	Source string   `arg:"" complete:"source" help:"The source whose sample is sent."`
	Sample string   `short:"s" placeholder:"NAME" help:"Its sample; the first one that makes messages by default."`
	Set    []string `sep:"none" placeholder:".path=value" help:"Change a value: .a.b[0]=1, ?q=x, Header:=x."`
	Device string   `placeholder:"ID" help:"Have the request be about this device."`
	Now    bool     `help:"Have the request be of now, with a message id of its own; so are all of --count."`
	Count  int      `short:"n" default:"1" help:"How many requests; {n} in --device and --set is the number of each."`
	Rate   float64  `placeholder:"R" help:"At most so many requests per second."`
	AtOnce int      `default:"8" help:"How many requests are in flight at most."`
	To     string   `default:"http://127.0.0.1:7071" placeholder:"URL" help:"URL of the bridge; that of mayfly dev."`
	Key    string   `placeholder:"KEY" help:"Key for the bridge, if it wants one; MAYFLY_KEY by default."`
	Config string   `complete:"file" placeholder:"FILE" help:"Configuration file; CONFIG, or else mayfly.yaml."`
	Show   bool     `help:"Print the request, and send nothing."`
}

// Help is the long help of the command.
func (Command) Help() string {
	return `Sends a sample of a source as its sender would: method, path, headers and media type,
signed where the configuration has the secret. --device finds the value that the source
takes the device id from. With --count there is a new time and message id in each
request, because repetitions are recognized, and a summary of the answers at the end.

  mayfly trigger tts --device pump-1 --set .uplink_message.f_port=2
  mayfly trigger chirpstack --device '70b3d57ed00{n}' --count 1000 --rate 50

The exit code is 1 when a request is not answered 2xx.`
}

const maxCount, maxAtOnce = 1_000_000, 1000

// Run runs the command.
func (c *Command) Run(ctx context.Context, w *tool.World) error {
	if c.Count < 1 || c.Count > maxCount || c.AtOnce < 1 || c.AtOnce > maxAtOnce || c.Rate < 0 {
		return tool.Hint("--count is from 1 to 1000000, --at-once from 1 to 1000, and --rate is not negative",
			"mayfly trigger "+c.Source+" --count 100 --rate 20")
	}
	base, err := url.Parse(c.To)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return tool.Hint(fmt.Sprintf("--to %q is not a URL", c.To), "--to http://127.0.0.1:7071")
	}
	source, err := w.Source(c.Config, c.Source)
	if err != nil {
		return err
	}
	sample, err := c.sample(source)
	if err != nil {
		return err
	}
	s := &sender{base: strings.TrimSuffix(c.To, "/"), key: cmp.Or(c.Key, w.Getenv("MAYFLY_KEY")), source: source,
		transport: http.DefaultTransport, now: time.Now}
	var why string
	loader := &secret.Loader{Transport: http.DefaultTransport, Getenv: w.Getenv, Now: time.Now}
	if s.signer, why = newSigner(ctx, source.Signature, loader); why != "" {
		w.Warnf("The request is not signed: %s.\n", why)
	}
	if err := c.prepare(ctx, s, sample); err != nil {
		return err
	}
	if c.Show {
		return s.show(ctx, w)
	}
	return c.sendAll(ctx, w, s)
}

// sample chooses a sample by its name, or by the beginning of it.
func (c *Command) sample(s *transform.Source) (*transform.Sample, error) {
	var names []string
	for i := range s.Samples {
		sample := &s.Samples[i]
		if c.Sample == "" && len(sample.Messages) > 0 || c.Sample != "" && sample.Name == c.Sample {
			return sample, nil
		}
		names = append(names, fmt.Sprintf("%q", sample.Name))
	}
	for i := range s.Samples {
		if c.Sample != "" && strings.Contains(strings.ToLower(s.Samples[i].Name), strings.ToLower(c.Sample)) {
			return &s.Samples[i], nil
		}
	}
	switch {
	case len(names) == 0:
		return nil, tool.Hint("the source "+s.Name+" has no samples", "add one under samples: with a body of its "+
			"sender")
	case c.Sample == "":
		return &s.Samples[0], nil
	}
	return nil, fmt.Errorf("%s has no sample %q; want one of %s", s.Name, c.Sample, strings.Join(names, ", "))
}

// prepare works out what is changed in the sample.
func (c *Command) prepare(ctx context.Context, s *sender, sample *transform.Sample) error {
	s.request = sample.Request.Request(s.source.Name)
	s.request.Received = s.now()
	s.content = read(s.request)
	for _, text := range c.Set {
		where, value, ok := cutSet(text)
		if !ok {
			return tool.Hint(fmt.Sprintf("--set %q has no value", text), "--set .temperature=21.5")
		}
		at, err := parsePlace(where)
		if err != nil {
			return err
		}
		s.changes = append(s.changes, func(c *content, n int) error { return c.set(&at, parseValue(number(value, n))) })
		if err := s.content.set(&at, parseValue(number(value, 1))); err != nil {
			return fmt.Errorf("--set %s: %w", where, err)
		}
	}
	f := &finder{s.source, s.request}
	if c.Device != "" {
		found, err := f.device(ctx, s.content, number(c.Device, 1))
		if err != nil {
			return err
		}
		s.changes = append(s.changes, func(to *content, n int) error {
			id := number(c.Device, n)
			for _, ch := range found {
				if err := to.set(&ch.at, ch.write(id)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if c.Now || c.Count > 1 {
		s.fresh(f.fresh(ctx, s.content))
	}
	return nil
}

// cutSet cuts ".a=b", "?a=b" and "Header:=b".
func cutSet(text string) (where, value string, ok bool) { return strings.Cut(text, "=") }

// number puts the number of a request into a text.
func number(text string, n int) string {
	return strings.ReplaceAll(text, "{n}", fmt.Sprintf("%05d", n))
}

// parseValue reads JSON; everything else is a text.
func parseValue(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil || decoder.More() {
		return text
	}
	return v
}

func canonical(name string) string { return textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) }

// fresh has each request be of another time, and with another message id.
func (s *sender) fresh(times, ids []place) {
	forms := map[string]leaf{}
	for _, l := range append(s.content.leaves(), s.content.tokens()...) {
		forms[l.place.String()] = l
	}
	s.changes = append(s.changes, func(to *content, n int) error {
		at := s.now()
		for i := range times {
			// Each request has a second of its own, and so has each message in it, which may have no fractions.
			second := time.Duration(n*len(times)+i) * time.Second
			if value, ok := shifted(forms[times[i].String()], at.Add(-second)); ok {
				_ = to.set(&times[i], value) // it was set when it was found
			}
		}
		for i := range ids {
			if value, ok := different(forms[ids[i].String()], int(at.UnixMilli()%(1<<23))+n); ok {
				_ = to.set(&ids[i], value)
			}
		}
		return nil
	})
}

// maker makes the request with a number.
func (s *sender) maker(n int) (*message.Request, error) {
	c := s.content.clone()
	for _, change := range s.changes {
		if err := change(c, n); err != nil {
			return nil, err
		}
	}
	if len(s.changes) == 0 {
		return s.request, nil // byte by byte
	}
	return c.write(s.request), nil
}

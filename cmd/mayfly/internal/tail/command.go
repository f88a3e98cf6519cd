package tail

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayfly/cmd/mayfly/internal/logline"
	"mayfly/cmd/mayfly/internal/tool"
)

// Command follows.
type Command struct {
	Words   []string `arg:"" optional:"" name:"word" help:"What to show: words, source:tts, status:4xx, device:pump-*."`
	Console string   `default:"http://127.0.0.1:7080" placeholder:"URL" help:"The console of mayfly dev."`
	Log     bool     `short:"l" help:"Read a log on standard input; so does a pipe into the command."`
	Only    string   `default:"all" enum:"all,requests,events" help:"all, requests or events."`
	Last    int      `short:"n" default:"10" help:"How many that have come before are shown first."`
	JSON    bool     `name:"json" help:"One JSON object per line."`
}

// Help is the long help of the command.
func (Command) Help() string {
	return `Shows each request with what became of it, and each event that a hub has stored.

  mayfly tail                                     of the mayfly dev that runs on this machine
  mayfly tail status:4xx device:pump-*            what was refused, of some devices
  kubectl logs -f deploy/mayfly | mayfly tail     of production, by its log
  aws logs tail --follow GROUP | mayfly tail -l code:hub-*

Terms must all apply; - before one turns it round; is:refused, is:ignored and
is:delivered are known, and a plain word is looked for in the whole line. Stop with
Ctrl-C. mayfly explain says what the code of a refused request means.`
}

// Run runs the command.
func (c *Command) Run(ctx context.Context, w *tool.World) error {
	filter, err := parseFilter(c.Words)
	if err != nil {
		return err
	}
	out := &printer{w: w, json: c.JSON, filter: filter}
	if c.Log || isPipe(w.Stdin) {
		return out.log(ctx, w.Stdin)
	}
	f := &follower{base: strings.TrimSuffix(c.Console, "/"), transport: http.DefaultTransport, out: out}
	if base, err := url.Parse(c.Console); err != nil || base.Host == "" {
		return tool.Hint(fmt.Sprintf("--console %q is not a URL", c.Console), "--console http://127.0.0.1:7080")
	}
	var wg sync.WaitGroup
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	follow := func(list, number, query string, show func([]byte) error) {
		wg.Go(func() {
			if err := f.follow(ctx, list, number, query, c.Last, show); err != nil {
				stop(err)
			}
		})
	}
	if c.Only != "events" {
		follow("requests", "id", strings.Join(c.Words, " "), out.request)
	}
	if c.Only != "requests" {
		follow("events", "seq", "", out.event)
	}
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// isPipe tells whether something is piped into the command.
func isPipe(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

const maxLine = 4 << 20

// log shows the lines of a log.
func (p *printer) log(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() && ctx.Err() == nil {
		if line, ok := logline.Parse(lines.Text()); ok {
			p.record(line)
		} else {
			p.plain(lines.Text())
		}
	}
	return lines.Err()
}

// follower asks the console for what is new.
type follower struct {
	base      string
	transport http.RoundTripper
	out       *printer
}

const (
	waitNew    = "30s"
	retryPause = 2 * time.Second
)

// follow shows what is in a list of the console, and waits for more. number is the member that counts.
func (f *follower) follow(ctx context.Context, list, number, search string, last int, show func([]byte) error) error {
	after, connected := "", false
	for ctx.Err() == nil {
		query := url.Values{}
		if search != "" {
			query.Set("q", search)
		}
		if after == "" {
			query.Set("count", strconv.Itoa(max(last, 1)))
		} else {
			query.Set("after", after)
			query.Set("wait", waitNew)
		}
		newest, items, err := f.ask(ctx, list+"?"+query.Encode(), number)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !connected:
			return err
		case err != nil: // it was stopped, and may be started again: then its numbers begin anew
			f.out.note("the console is gone: " + err.Error())
			select {
			case <-time.After(retryPause):
			case <-ctx.Done():
			}
			after = "0"
			continue
		}
		if after == "" && last == 0 {
			items = nil
		}
		connected = true
		if after == "" {
			after = "0"
		}
		if newest != "" {
			after = newest
		}
		for _, item := range items {
			if err := show(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask gets a list, and the number of its newest element.
func (f *follower) ask(ctx context.Context, path, number string) (newest string, items []json.RawMessage, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+"/"+path, http.NoBody)
	if err != nil {
		return "", nil, err
	}
	res, err := f.transport.RoundTrip(r)
	if err != nil {
		return "", nil, tool.Hint(fmt.Sprintf("no console at %s: %v", f.base, err),
			"start mayfly dev, or name its console with --console")
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 256<<20))
	if err != nil {
		return "", nil, err
	}
	if res.StatusCode != http.StatusOK {
		var refused struct{ Error string }
		_ = json.Unmarshal(body, &refused) // what it is not has no text
		if res.StatusCode == http.StatusNotFound {
			refused.Error = "it keeps no requests: --only events, or start mayfly dev without --no-record"
		}
		return "", nil, fmt.Errorf("%s answered %s %s", f.base, res.Status, refused.Error)
	}
	if err := json.Unmarshal(body, &items); err != nil {
		return "", nil, fmt.Errorf("%s is not the console of mayfly dev: %w", f.base, err)
	}
	if n := len(items); n > 0 {
		var last map[string]json.RawMessage
		if err := json.Unmarshal(items[n-1], &last); err != nil {
			return "", nil, err
		}
		newest = string(last[number])
	}
	return newest, items, nil
}

package trigger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/transform"
	"mayfly/transform/message"
)

// sender sends the requests.
type sender struct {
	base, key string
	source    *transform.Source
	transport http.RoundTripper
	now       func() time.Time
	signer    *signer // nil: unsigned

	request *message.Request // of the sample
	content *content
	changes []func(c *content, n int) error
}

const (
	maxAnswer = 64 << 10
	timeout   = 35 * time.Second // the bridge's own limit and a little more
)

// make makes the HTTP request with a number.
func (s *sender) make(ctx context.Context, n int) (*http.Request, []byte, error) {
	made, err := s.maker(n)
	if err != nil {
		return nil, nil, err
	}
	query := url.Values(made.Query)
	target := s.base + made.Path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, made.Method, target, bytes.NewReader(made.Body))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range made.Header {
		r.Header[name] = slices.Clone(values)
	}
	if len(made.Body) == 0 {
		r.Header.Del("Content-Type")
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "mayfly-trigger")
	}
	if s.key != "" {
		r.Header.Set("X-Api-Key", s.key)
	}
	if s.signer != nil {
		if err := s.signer.sign(r, made.Body, s.now()); err != nil {
			return nil, nil, err
		}
	}
	return r, made.Body, nil
}

// show prints the first request, without what proves it.
func (s *sender) show(ctx context.Context, w *tool.World) error {
	r, body, err := s.make(ctx, 1)
	if err != nil {
		return err
	}
	const instead = "(a credential)"
	target, proofs := *r.URL, []string{"X-Api-Key", "Authorization", "X-Soracom-Signature"}
	if spec := s.source.Signature; spec != nil {
		proofs = append(proofs, http.CanonicalHeaderKey(spec.Header))
		target.RawQuery = without(target.RawQuery, spec.Query, url.QueryEscape(instead))
	}
	w.Printf("%s %s\n", r.Method, &target)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := r.Header.Get(name)
		if slices.Contains(proofs, name) {
			value = instead
		}
		w.Printf("%s: %s\n", name, value)
	}
	w.Printf("\n%s\n", body)
	return nil
}

// without puts another value in place of that of a parameter.
func without(query, name, instead string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if before, _, ok := strings.Cut(pair, "="); ok && before == url.QueryEscape(name) {
			pairs[i] = before + "=" + instead
		}
	}
	return strings.Join(pairs, "&")
}

// answer is what a request came to.
type answer struct {
	status int
	code   string // of a problem
	text   string
	took   time.Duration
	err    error
}

// send sends the request with a number.
func (s *sender) send(ctx context.Context, n int) answer {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, _, err := s.make(ctx, n)
	if err != nil {
		return answer{err: err}
	}
	start := s.now()
	res, err := s.transport.RoundTrip(r)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	out := answer{status: res.StatusCode, text: string(text), took: s.now().Sub(start), err: err}
	var problem struct{ Code string }
	if json.Unmarshal(text, &problem) == nil {
		out.code = problem.Code
	}
	return out
}

// minProgress is from how many requests a progress bar is shown.
const minProgress = 101

// sendAll sends all requests and tells what came of them.
func (c *Command) sendAll(ctx context.Context, w *tool.World, s *sender) error {
	bar := progressbar.NewOptions(c.Count, progressbar.OptionSetWriter(w.Stderr), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetVisibility(c.Count >= minProgress && tool.IsTerminal(w.Stderr)))
	t := &tally{}
	start := s.now()
	inFlight := make(chan struct{}, c.AtOnce)
	var wg sync.WaitGroup
	for n := 1; n <= c.Count && ctx.Err() == nil; n++ {
		if c.Rate > 0 {
			due := start.Add(time.Duration(float64(n-1) / c.Rate * float64(time.Second)))
			select {
			case <-time.After(due.Sub(s.now())):
			case <-ctx.Done():
			}
		}
		inFlight <- struct{}{}
		wg.Go(func() {
			defer func() { <-inFlight }()
			a := s.send(ctx, n)
			t.add(&a)
			_ = bar.Add(1)
		})
	}
	wg.Wait()
	_ = bar.Finish()
	return t.report(w, c, s.now().Sub(start))
}

// tally counts answers.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
	last   map[string]string // an answer of each kind
	good   int
	sent   int
	took   []time.Duration
	reach  error
}

func (t *tally) add(a *answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts, t.last = map[string]int{}, map[string]string{}
	}
	t.sent++
	kind := fmt.Sprint(a.status)
	switch {
	case a.err != nil:
		kind, t.reach = "no answer", a.err
	case a.code != "":
		kind += " " + a.code
	}
	if a.err == nil && a.status/100 == 2 {
		t.good++
	}
	t.counts[kind]++
	t.last[kind] = a.text
	t.took = append(t.took, a.took)
}

// report prints the summary.
func (t *tally) report(w *tool.World, c *Command, took time.Duration) error {
	kinds := slices.SortedFunc(maps.Keys(t.counts), func(a, b string) int {
		return cmp.Or(t.counts[b]-t.counts[a], cmp.Compare(a, b))
	})
	for _, kind := range kinds {
		color := "31"
		if strings.HasPrefix(kind, "2") {
			color = "32"
		}
		if c.Count == 1 {
			w.Printf("%s in %s\n%s\n", w.Paint(color, kind), t.took[0].Round(time.Millisecond),
				strings.TrimSpace(t.last[kind]))
			continue
		}
		w.Printf("%7d  %s\n", t.counts[kind], w.Paint(color, kind))
		if color == "31" && t.last[kind] != "" {
			w.Printf("         %s\n", strings.TrimSpace(t.last[kind]))
		}
	}
	if c.Count > 1 && len(t.took) > 0 {
		slices.Sort(t.took)
		w.Printf("%d requests in %s, %.0f per second; half of them within %s, 99 %% within %s\n", t.sent,
			took.Round(time.Millisecond), float64(t.sent)/max(took.Seconds(), 0.001),
			t.took[len(t.took)/2].Round(time.Millisecond), t.took[len(t.took)*99/100].Round(time.Millisecond))
	}
	if t.reach != nil {
		what := "the request"
		if n := t.counts["no answer"]; n != 1 {
			what = fmt.Sprint(n) + " requests"
		}
		return tool.Hint(fmt.Sprintf("%s had no answer: %v", what, t.reach),
			"start the bridge with mayfly dev, or name another one with --to")
	}
	if t.good < c.Count {
		return errors.New(fmt.Sprint(c.Count-t.good) + " of " + fmt.Sprint(c.Count) + " requests were not answered 2xx")
	}
	return nil
}

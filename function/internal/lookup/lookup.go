package lookup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"mayfly/internal/cache"
	"mayfly/internal/egress"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

// The bounds of all look-ups together, and of each.
const (
	MaxCalls      = 64              // under way at a time, of all look-ups
	MaxCallsOfOne = 16              // of these, of one look-up
	MaxFlights    = 1000            // keys of a look-up that are asked for, those that wait for a call included
	DefaultMemory = 16 << 20        // of the answers that are kept, in bytes
	MaxErrorAge   = 5 * time.Second // of a failure that is the answer for others, too
	maxWait       = 5 * time.Second // for one's turn to call: nearly nobody has more patience
	maxKey        = 128             // bytes of a key; a longer one is hashed
	entryBytes    = 400             // of an entry without its key and value: its record, and its place in the cache
)

// Options is what a Set is made of.
type Options struct {
	Definitions []*Definition
	Secrets     *secret.Loader
	// Transport makes the calls. Where it is nil, each look-up has a transport that only reaches what it may.
	Transport http.RoundTripper
	// Answers, where it is not nil, has the answers by name, as JSON, and nobody is called.
	Answers map[string][]byte
	Now     func() time.Time
	Memory  int // bytes of the answers that are kept; DefaultMemory where it is 0
	// Observe, when not nil, is told of each call of the look-up name as it begins, and may add header fields
	// to r. What it returns, when not nil, is told how the call ended; res and err are as of http.Client.Do.
	Observe func(ctx context.Context, name string, r *http.Request) (ended func(res *http.Response, err error))
}

// Set makes the look-ups of a configuration. Safe for concurrent use.
type Set struct {
	lookups map[string]*lookup
}

// lookup is one look-up at work.
type lookup struct {
	*Definition
	client  *http.Client
	observe func(context.Context, string, *http.Request) func(*http.Response, error) // may be nil
	secrets map[string]*secret.Value[string]                                         // of headers
	limiter *rate.Limiter
	now     func() time.Time
	kept    *cache.Cache[*entry]
	calls   chan struct{} // under way, of all look-ups
	own     chan struct{} // of this one
	circuit circuit

	mu      sync.Mutex
	flights map[string]*flight
}

// New makes the look-ups of definitions that were compiled without a fault; nil where there are none.
func New(o *Options) *Set {
	if len(o.Definitions) == 0 {
		return nil
	}
	memory := o.Memory
	if memory == 0 {
		memory = DefaultMemory
	}
	kept := cache.NewSized(memory, 0, func(_ string, e *entry) int { return e.size })
	calls := make(chan struct{}, MaxCalls)
	s := &Set{lookups: make(map[string]*lookup, len(o.Definitions))}
	for _, d := range o.Definitions {
		l := &lookup{
			Definition: d, now: o.Now, observe: o.Observe, kept: kept,
			calls: calls, own: make(chan struct{}, MaxCallsOfOne),
			limiter: d.rate.Limiter(), flights: map[string]*flight{}, secrets: map[string]*secret.Value[string]{},
		}
		l.connect(o)
		s.lookups[d.Name] = l
	}
	return s
}

// connect makes the client of a look-up.
func (l *lookup) connect(o *Options) {
	transport := o.Transport
	switch {
	case o.Answers != nil:
		transport = canned{o.Answers[l.Name]}
		l.limiter = nil
	case transport == nil:
		transport = egress.Transport(egress.Options{Private: l.Private, MaxConns: MaxCallsOfOne})
	}
	l.client = &http.Client{Transport: transport, CheckRedirect: l.redirect}
	if o.Answers != nil {
		return // secrets are not of this machine
	}
	for name, ref := range l.headers {
		l.secrets[name] = secret.NewValue(o.Secrets, ref, func(text string) (string, error) {
			return text, CheckHeader(text)
		})
	}
}

// canned answers from a sample.
type canned struct{ text []byte }

var errNoAnswer = errors.New("the sample has no answer for it")

// RoundTrip implements [http.RoundTripper].
func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.text == nil {
		return nil, errNoAnswer
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(c.text)), Request: r,
	}, nil
}

// State says how an answer was come by.
type State string

// The states of a result.
const (
	None   State = "none"   // there is nothing to look up: url or key gives null
	Hit    State = "hit"    // the answer was kept from before
	Miss   State = "miss"   // the service was asked
	Stale  State = "stale"  // the service fails, and an old answer serves
	Failed State = "failed" // there is no answer
)

// Input is what the expressions of a look-up see.
type Input struct {
	Measurements any // .
	Message      any // $message
	Key          any // in place of the look-up's own, where Keyed is set
	Keyed        bool
	Until        time.Time // the answer is waited for until then; zero: until ctx ends
}

// Result is what a look-up gives. The value must not be changed: others see it, too.
type Result struct {
	Value any
	State State
	Err   *Error // of Failed and Stale
}

// Get looks up what belongs to a message. It returns when there is an answer, at the latest when in says or ctx ends. A
// call goes on without them, for others who wait for the same answer, and ends by itself: it waits for its turn for
// five seconds at most, and then has the look-up's timeout.
func (s *Set) Get(ctx context.Context, name string, in *Input) Result {
	l, ok := s.lookups[name]
	if !ok {
		return Result{State: Failed, Err: &Error{Name: name, Kind: Expression, Detail: "there is no such look-up"}}
	}
	return l.get(ctx, in)
}

func (l *lookup) get(ctx context.Context, in *Input) Result {
	q, err := l.query(ctx, in)
	if err != nil {
		return Result{State: Failed, Err: err}
	}
	if q == nil {
		return Result{State: None}
	}
	now := l.now()
	old, _ := l.kept.Get(q.cached)
	switch {
	case old.isFresh(now):
		return Result{Value: old.value, State: Hit}
	case old.failed(now):
		return old.instead(now, old.err)
	}
	if err := l.address(ctx, in, q); err != nil {
		return old.instead(now, err)
	}
	if q.url == nil {
		return Result{State: None}
	}
	wait, end := waiting(ctx, now, in.Until)
	defer end()
	f, err := l.join(wait, q, old)
	if err != nil {
		return old.instead(now, err)
	}
	select {
	case <-f.done:
	case <-wait.Done():
		return old.instead(l.now(), &Error{Name: l.Name, Kind: Late, Err: wait.Err()})
	}
	if f.err != nil {
		return old.instead(l.now(), f.err)
	}
	return Result{Value: f.value, State: Miss}
}

// waiting bounds a wait, where there is a bound.
func waiting(ctx context.Context, now, until time.Time) (context.Context, context.CancelFunc) {
	if until.IsZero() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, max(until.Sub(now), 0))
}

// fail makes the error of an expression.
func (l *lookup) fail(err error) *Error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &Error{Name: l.Name, Kind: Late, Err: err}
	}
	failed := &Error{Name: l.Name, Kind: Expression, Err: err}
	if wrong, ok := errors.AsType[*message.Error](err); ok && len(wrong.Fields) > 0 {
		failed.Detail = wrong.Fields[0].Path + ": " + wrong.Fields[0].Logged()
	} else if ok {
		failed.Detail = wrong.Detail
	}
	return failed
}

// cacheKey makes the key of the cache, which has the answers of all look-ups.
func (l *lookup) cacheKey(text string) string {
	if len(text) > maxKey {
		sum := sha256.Sum256([]byte(text))
		text = string(sum[:])
	}
	return l.Name + "\x00" + text
}

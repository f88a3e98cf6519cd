package recorder

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/function"
	"mayfly/transform/message"
)

const (
	// MaxRequests is how many requests are kept.
	MaxRequests = 10_000
	// maxBytes bounds what all of them hold together.
	maxBytes = 32 << 20
)

// Explainer shows what the configuration makes of a request.
type Explainer interface {
	// Explain maps a request by the source of that name, or by one of Mayfly's own formats.
	Explain(ctx context.Context, source string, r *message.Request) (*trial.Trial, error)
	// Map is Explain before what follows the mapping, as samples have it.
	Map(ctx context.Context, source string, r *message.Request) (*trial.Trial, error)
	// Secrets tells where requests of a source have credentials; of all sources where there is none of that name.
	Secrets(source string) hidden.Places
}

// Options are what a Recorder needs. The zero value records.
type Options struct {
	Now     func() time.Time // time.Now when nil
	Explain Explainer        // nil: requests are shown without the values of expressions
	// Config names the configuration file that samples are written to; empty: none.
	Config func() string
}

// Recorder keeps requests. It may be used by several goroutines. A nil Recorder hands everything on.
type Recorder struct {
	now     func() time.Time
	explain Explainer
	config  func() string
	bridge  atomic.Pointer[string] // base URL of the bridge; nil before it listens
	told    atomic.Pointer[func(*function.Finished)]

	saving sync.Mutex // held while a sample is written

	mu      sync.Mutex
	ring    [MaxRequests]*entry // entry n is at n % MaxRequests
	oldest  uint64              // that is kept
	next    uint64              // number of the next one
	bytes   int
	changed chan struct{} // closed when a request has come in or all were forgotten; nil: nobody waits
	repeats repeats
}

// New returns an empty Recorder.
func New(o Options) *Recorder {
	rec := &Recorder{now: o.Now, explain: o.Explain, config: o.Config, oldest: 1, next: 1}
	if rec.now == nil {
		rec.now = time.Now
	}
	return rec
}

// Listening tells the address of the bridge, to which requests are sent again.
func (rec *Recorder) Listening(addr string) {
	if rec != nil {
		base := "http://" + addr
		rec.bridge.Store(&base)
	}
}

// Finished hands on what became of a request, after taking note of it.
func (rec *Recorder) Finished(next func(*function.Finished)) func(context.Context, *function.Finished) {
	if rec != nil {
		rec.told.Store(&next)
	}
	return func(ctx context.Context, f *function.Finished) {
		if e := entryOf(ctx); e != nil {
			e.outcome = f
		}
		next(f)
	}
}

// add keeps an entry and numbers it.
func (rec *Recorder) add(e *entry) {
	size := e.bytes()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	e.id = rec.next
	if rec.next-rec.oldest == MaxRequests {
		rec.forgetOldest()
	}
	rec.ring[e.id%MaxRequests] = e
	rec.next++
	rec.bytes += size
	e.held = size
	for rec.bytes > maxBytes && rec.oldest+1 < rec.next {
		rec.forgetOldest()
	}
	rec.wake()
}

func (rec *Recorder) forgetOldest() {
	at := &rec.ring[rec.oldest%MaxRequests]
	rec.bytes -= (*at).held
	*at = nil
	rec.oldest++
}

func (rec *Recorder) wake() {
	if rec.changed != nil {
		close(rec.changed)
		rec.changed = nil
	}
}

// clear forgets all requests. Their numbers are not used again.
func (rec *Recorder) clear() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	clear(rec.ring[:])
	rec.oldest, rec.bytes = rec.next, 0
	rec.wake()
}

// find returns the entry of a number, or nil.
func (rec *Recorder) find(id uint64) *entry {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if id < rec.oldest || id >= rec.next {
		return nil
	}
	return rec.ring[id%MaxRequests]
}

// state is what the ring has at one time.
type state struct {
	oldest, next uint64
	entries      []*entry        // in the order of their numbers
	changed      <-chan struct{} // closed when something has changed since
}

// entries returns the entries with numbers above after and below before; before of 0 is no bound.
func (rec *Recorder) entries(after, before uint64) state {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.changed == nil {
		rec.changed = make(chan struct{})
	}
	s := state{oldest: rec.oldest, next: rec.next, changed: rec.changed}
	from, to := max(rec.oldest, after+1), rec.next
	if before > 0 {
		to = min(to, before)
	}
	if after >= rec.next || from >= to {
		return s
	}
	s.entries = make([]*entry, 0, to-from)
	for n := from; n < to; n++ {
		s.entries = append(s.entries, rec.ring[n%MaxRequests])
	}
	return s
}

// defaultConfig is the configuration file where CONFIG names none.
const defaultConfig = "mayfly.yaml"

// ConfigFile finds the configuration file when it is asked: the one at path, or mayfly.yaml where path is empty and
// there is one.
func ConfigFile(path string) func() string {
	return func() string {
		if _, err := os.Stat(defaultConfig); path == "" && err == nil {
			return defaultConfig
		}
		return path
	}
}

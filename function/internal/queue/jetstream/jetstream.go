package jetstream

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/internal/secret"
)

// Options are what a queue needs beside its URL.
type Options struct {
	AllowUnsynced bool              // take a server that acknowledges before its disk has the item
	Transport     http.RoundTripper // for the monitoring port
	Secrets       *secret.Loader    // of references in the URL
	Log           *slog.Logger
	Now           func() time.Time // time.Now when nil
}

// Queue is a queue in JetStream.
type Queue struct {
	target *target
	o      Options

	ctx   context.Context // of all that runs beside the calls; ended by Close
	close context.CancelFunc
	wg    sync.WaitGroup

	link link
	made atomic.Bool // the stream was there: it is not made again when an operator deletes it

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when there may be something to receive
	parts     []*partition  // made by the first Receive
	receivers int           // calls of Receive that wait
	lastCall  time.Time     // when one of them ended
	trouble   error         // why nothing can be received at present
	turn      int           // the partition that the next Receive asks first
}

// Open makes the queue of a URL: nats://HOST:4222/STREAM. It asks the server whether the stream keeps what it
// acknowledges, and makes the stream where there is none. A server that cannot be reached is no failure: it is asked
// again by every call, none of which does anything before.
func Open(ctx context.Context, text string, o Options) (*Queue, error) {
	t, err := parse(text)
	if err != nil {
		return nil, &queue.Error{Kind: queue.Missing, Queue: "nats", Err: err}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	q := &Queue{target: t, o: o, changed: make(chan struct{})}
	q.ctx, q.close = context.WithCancel(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := q.session(ctx); err != nil && kindOf(err) != queue.Unavailable {
		_ = q.Close()
		return nil, err
	}
	return q, nil
}

// callTimeout bounds calls whose context has no earlier deadline.
const callTimeout = 5 * time.Second

// Limits tells what the queue takes. Before the server was reached, they are those of its default configuration.
func (q *Queue) Limits() queue.Limits {
	size := maxItemBytes
	if s := q.link.current(); s != nil {
		size = s.itemBytes
	}
	return queue.Limits{ItemBytes: size, Lease: q.target.lease, Ordered: true}
}

const (
	maxItemBytes = 512 << 10 // NATS takes 1 MiB by default; nothing that a hub takes is as large
	headerBytes  = 16 << 10  // of a message, for the key, the id and the subject
)

// Close ends all calls. What was received and not leased is given back at once.
func (q *Queue) Close() error {
	q.mu.Lock()
	q.link.mu.Lock() // nobody begins anything from here on
	q.close()
	q.link.mu.Unlock()
	var dropped []*entry
	for _, p := range q.parts {
		dropped = append(dropped, p.hand.lose()...)
	}
	q.wake()
	q.mu.Unlock()
	giveBack(dropped)
	q.wg.Wait()
	q.link.close()
	return nil
}

// Depth tells how full the stream is.
func (q *Queue) Depth(ctx context.Context) (queue.Depth, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, err := q.session(ctx)
	if err != nil {
		return queue.Depth{}, err
	}
	info, err := s.js.Stream(ctx, q.target.stream)
	if err != nil {
		return queue.Depth{}, q.failed(ctx, err)
	}
	dead, err := s.js.Stream(ctx, q.target.dead())
	if err != nil {
		return queue.Depth{}, q.failed(ctx, err)
	}
	state := info.CachedInfo().State
	d := queue.Depth{Items: toInt(state.Msgs), Dead: toInt(dead.CachedInfo().State.Msgs)}
	if state.Msgs > 0 {
		d.Oldest = state.FirstTime
	}
	return d, nil
}

func toInt(n uint64) int { return int(min(n, 1<<62)) }

// wake lets all who wait look again. q.mu is held.
func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// dead is the stream of the dead letters.
func (t *target) dead() string { return t.stream + "_DEAD" }

// fail makes the queue's error.
func (q *Queue) fail(kind queue.Kind, err error) *queue.Error {
	return &queue.Error{Kind: cmp.Or(kind, queue.Unavailable), Queue: q.target.name, Err: err}
}

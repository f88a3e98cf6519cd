package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"mayfly/function/internal/delivery"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
	"mayfly/internal/backoff"
	"mayfly/transform/message"
)

// Options is what a worker is made of.
type Options struct {
	Queue   queue.Queue
	Codec   *entry.Codec
	Deliver func(ctx context.Context, rq *delivery.Request) delivery.Outcome
	HubOf   func(m *message.Message) string // empty where it is not known
	Places  int                             // groups at a time: devices
	Metrics *metrics.Set                    // may be nil
	Log     *slog.Logger
	Now     func() time.Time
	Gone    func(m *message.Message) // told of messages that are delivered or buried; may be nil
}

// Worker delivers what waits in a queue.
type Worker struct {
	Options
	gates  *gates
	keeper keeper
	places chan struct{}
	young  chan struct{} // places of items that came a moment ago

	mu    sync.Mutex
	busy  map[string]*group // of Run, by key
	hold  int               // groups that wait at a gate
	count sync.WaitGroup
}

const (
	maxReceived  = 256              // items of one call
	maxHeld      = 1024             // items that are received and not settled
	perPlace     = 16               // items for each free place
	deliverTime  = 30 * time.Second // of one batch
	answerTime   = 9 * time.Second  // shapes the tries of a batch: see delivery.Request.AnswerBy
	shutdownTime = 8 * time.Second  // what is under way has at the end
	settleTime   = 5 * time.Second  // to tell the queue what became of items, then
	minPause     = time.Second      // after a queue that failed, doubled up to maxPause
	maxPause     = 30 * time.Second

	// Items that came a moment ago are delivered together, by few at a time: those who accept more of them have the CPU
	// first. What has waited for longer has all places.
	linger      = time.Second
	youngPlaces = 2

	maxHold   = 2 * time.Minute  // at a gate, before items are returned
	maxReturn = 15 * time.Minute // and for how long then
)

// New makes a worker.
func New(o *Options) *Worker {
	w := &Worker{
		Options: *o, places: make(chan struct{}, o.Places), young: make(chan struct{}, youngPlaces),
		busy: map[string]*group{}, keeper: keeper{fewer: make(chan struct{}, 1)},
	}
	w.gates = newGates(o.Places, o.Now, w.tellGate)
	return w
}

// Run delivers until ctx is done. It returns when what was under way then has ended and everything else was returned
// to the queue; that takes shutdownTime at most.
func (w *Worker) Run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stopped := context.AfterFunc(ctx, func() { time.AfterFunc(shutdownTime, cancel) })
	defer stopped()
	kept := make(chan struct{})
	go func() { // ended by the cancel below
		defer close(kept)
		w.keeper.run(work, w)
	}()
	failures := 0
	for ctx.Err() == nil {
		if wait := w.gates.pause(); wait > 0 {
			backoff.Sleep(ctx, wait)
			continue
		}
		free, room := w.free(ctx), w.keeper.room(ctx, maxHeld)
		if ctx.Err() != nil {
			break
		}
		n, began := min(free*perPlace, maxReceived, room), w.Now()
		items, err := w.Queue.Receive(ctx, n)
		if err != nil {
			if ctx.Err() == nil {
				pause := min(minPause<<min(failures, 10), maxPause)
				failures++
				w.Log.WarnContext(ctx, "queue: nothing can be received", "error", err.Error(), "pause", pause.String())
				backoff.Sleep(ctx, pause)
			}
			continue
		}
		failures = 0
		w.keeper.add(items, w.Now())
		if oldest := w.start(ctx, work, items); len(items) < n && w.Now().Sub(oldest) < linger {
			backoff.Sleep(ctx, linger-w.Now().Sub(began))
		}
	}
	w.count.Wait()
	cancel()
	<-kept
}

// free waits for a free place, and tells how many there are.
func (w *Worker) free(ctx context.Context) int {
	select {
	case w.places <- struct{}{}:
		<-w.places
	case <-ctx.Done():
	}
	return max(cap(w.places)-len(w.places), 1)
}

// start hands items to the groups of their devices, and tells when the oldest of them was accepted. stop ends waits at
// gates, work ends deliveries.
func (w *Worker) start(stop, work context.Context, items []*queue.Leased) (oldest time.Time) {
	oldest = w.Now()
	for _, g := range w.read(work, items, &ofQueue{w}) {
		if at := g.items[0].entry.Accepted; at.Before(oldest) {
			oldest = at
		}
		w.mu.Lock()
		if running := w.busy[g.key]; running != nil {
			running.more = append(running.more, g.items...)
			w.mu.Unlock()
			continue
		}
		w.busy[g.key] = g
		w.mu.Unlock()
		select {
		case w.places <- struct{}{}:
		case <-stop.Done():
			w.finish(g)
			g.back(work, 0)
			continue
		}
		leave := w.waitWhileYoung(stop, g.items[0].entry.Accepted)
		w.count.Go(func() {
			defer func() { <-w.places }()
			defer leave()
			for ok := true; ok; ok = w.next(g) {
				g.run(stop, work)
			}
		})
	}
	return oldest
}

// waitWhileYoung waits for one of the few places of items that came a moment ago, or until it is not one any more.
func (w *Worker) waitWhileYoung(stop context.Context, accepted time.Time) (leave func()) {
	left := linger - w.Now().Sub(accepted)
	if left <= 0 || left > linger { // the clock of another machine
		return func() {}
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case w.young <- struct{}{}:
		return func() { <-w.young }
	case <-timer.C:
	case <-stop.Done():
	}
	return func() {}
}

// next gives a group what has come for it meanwhile, or ends it.
func (w *Worker) next(g *group) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(g.more) == 0 {
		delete(w.busy, g.key)
		return false
	}
	g.items, g.more = g.more, nil
	return true
}

// finish ends a group that has not begun.
func (w *Worker) finish(g *group) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, g.key)
	g.items, g.more = append(g.items, g.more...), nil
}

// holding counts the groups that wait at gates, and tells whether they are more than half of all.
func (w *Worker) holding(n int) (crowded bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hold += n
	return 2*w.hold > cap(w.places)
}

// tellGate tells in the log when a gate closes and opens.
func (w *Worker) tellGate(scope string, wait time.Duration, reason string) {
	if wait == 0 {
		w.Log.Info("queue: delivers again", "to", scope)
		return
	}
	w.Log.Warn("queue: waits", "for", scope, "reason", reason, "nextTry", wait.Round(time.Millisecond).String())
}

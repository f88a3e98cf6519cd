package record

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"mayfly/emulator/internal/ring"
)

const (
	maxBodyBytes    = 256 << 20 // of all events kept, however few they are
	maxPayloadBytes = 4 << 10   // of a registration in the record of calls
	maxUndelivered  = 1024      // entries that wait for one subscriber
)

// Filter selects entries of the record; the zero value selects all.
type Filter struct {
	Device string
	Hub    string
	Since  time.Time // not before
	After  uint64    // only entries with a greater Seq
	Op     string    // calls only
}

func (f *Filter) event(ev *Event) bool {
	return ev.Seq > f.After && (f.Device == "" || ev.Device == f.Device) && (f.Hub == "" || ev.Hub == f.Hub) &&
		!ev.EnqueuedTime.Before(f.Since)
}

func (f *Filter) call(c *Call) bool {
	return c.Seq > f.After && (f.Device == "" || c.Device == f.Device) && (f.Hub == "" || c.Hub == f.Hub) &&
		(f.Op == "" || c.Op == f.Op) && !c.Time.Before(f.Since)
}

// Record keeps the last events and calls. It may be used by several goroutines.
type Record struct {
	mu          sync.Mutex
	events      ring.Ring[Event]
	calls       ring.Ring[Call]
	eventSeq    uint64
	callSeq     uint64
	bodyBytes   int
	counts      map[string]map[int]int
	waiters     map[*waiter]struct{}
	subscribers map[*Subscription]struct{}
}

// waiter is one call of Wait. Its channel is made by the goroutine that waits, so both may be in one synctest bubble.
type waiter struct {
	filter  Filter
	missing int
	done    chan struct{}
}

// New returns an empty record that keeps at most the given numbers of events and calls.
func New(maxEvents, maxCalls int) *Record {
	return &Record{events: ring.New[Event](maxEvents), calls: ring.New[Call](maxCalls),
		counts: map[string]map[int]int{}, waiters: map[*waiter]struct{}{}, subscribers: map[*Subscription]struct{}{}}
}

// AddEvents numbers events and adds them, together.
func (r *Record) AddEvents(events []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range events {
		r.addEvent(&events[i])
	}
}

func (r *Record) addEvent(ev *Event) {
	r.eventSeq++
	ev.Seq = r.eventSeq
	r.bodyBytes += len(ev.Body)
	if oldest, dropped := r.events.Push(*ev); dropped {
		r.bodyBytes -= len(oldest.Body)
	}
	for r.bodyBytes > maxBodyBytes && r.events.Len() > 1 {
		oldest := r.events.Shift()
		r.bodyBytes -= len(oldest.Body)
	}
	for w := range r.waiters {
		if !w.filter.event(ev) {
			continue
		}
		if w.missing--; w.missing == 0 {
			close(w.done)
			delete(r.waiters, w)
		}
	}
	if len(r.subscribers) > 0 {
		r.publish(ev.clone())
	}
}

// AddCall numbers a call and adds it.
func (r *Record) AddCall(c Call) {
	if len(c.Payload) > maxPayloadBytes {
		c.Payload = nil
		c.Lenient = append(c.Lenient, "payload too long for the record")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.callSeq++
	c.Seq = r.callSeq
	r.calls.Push(c)
	byStatus := r.counts[c.Op]
	if byStatus == nil {
		byStatus = map[int]int{}
		r.counts[c.Op] = byStatus
	}
	byStatus[c.Status]++
	if len(r.subscribers) > 0 {
		r.publish(c)
	}
}

// Events returns copies of the events that f selects, oldest first.
func (r *Record) Events(f Filter) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.selected(f)
}

func (r *Record) selected(f Filter) []Event {
	var out []Event
	for i := range r.events.Len() {
		if ev := r.events.At(i); f.event(ev) {
			out = append(out, ev.clone())
		}
	}
	return out
}

// Calls returns copies of the calls that f selects, oldest first.
func (r *Record) Calls(f Filter) []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Call
	for i := range r.calls.Len() {
		if c := r.calls.At(i); f.call(c) {
			out = append(out, c.clone())
		}
	}
	return out
}

// Wait waits until the record has n events that f selects. When ctx ends first, it returns those that there are and an
// error.
func (r *Record) Wait(ctx context.Context, f Filter, n int) ([]Event, error) {
	r.mu.Lock()
	got := r.selected(f)
	if len(got) >= n {
		r.mu.Unlock()
		return got, nil
	}
	w := &waiter{filter: f, missing: n - len(got), done: make(chan struct{})}
	r.waiters[w] = struct{}{}
	r.mu.Unlock()
	var err error
	select {
	case <-w.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiters, w)
	if got = r.selected(f); len(got) >= n {
		return got, nil
	}
	if err == nil {
		return got, nil // they were stored, and the ring has dropped some since
	}
	return got, fmt.Errorf("emulator: %d of %d events: %w", len(got), n, err)
}

// Counts says how much was added and how much of it is kept.
type Counts struct {
	EventsStored, CallsMade uint64
	EventsKept, CallsKept   int
	Calls                   map[string]map[int]int // by operation, then by status
}

// Counts counts.
func (r *Record) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := Counts{EventsStored: r.eventSeq, CallsMade: r.callSeq, EventsKept: r.events.Len(), CallsKept: r.calls.Len(),
		Calls: map[string]map[int]int{}}
	for op, byStatus := range r.counts {
		c.Calls[op] = maps.Clone(byStatus)
	}
	return c
}

// Reset forgets events, calls and counts by operation. Sequence numbers go on.
func (r *Record) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.calls = ring.New[Event](r.events.Limit()), ring.New[Call](r.calls.Limit())
	r.counts, r.bodyBytes = map[string]map[int]int{}, 0
}

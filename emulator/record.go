package emulator

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

const (
	maxRecordBytes = 256 << 20 // of event bodies, however few the events are
	maxPayloadKept = 4 << 10   // of a registration in the record of calls
)

// Filter chooses from the record; the zero value takes all.
type Filter struct {
	Device string
	Hub    string
	Since  time.Time // not before
	After  uint64    // only those with a greater Seq
	Op     string    // calls only
}

func (f *Filter) event(ev *Event) bool {
	return ev.Seq > f.After && (f.Device == "" || ev.Device == f.Device) && (f.Hub == "" || ev.Hub == f.Hub) && !ev.EnqueuedTime.Before(f.Since)
}

func (f *Filter) call(c *Call) bool {
	return c.Seq > f.After && (f.Device == "" || c.Device == f.Device) && (f.Hub == "" || c.Hub == f.Hub) &&
		(f.Op == "" || c.Op == f.Op) && !c.Time.Before(f.Since)
}

// Stats counts since the start or since Reset.
type Stats struct {
	Devices      int                    `json:"devices"`
	Hubs         []string               `json:"hubs"`
	EventsStored uint64                 `json:"eventsStored"`
	EventsKept   int                    `json:"eventsKept"`
	CallsMade    uint64                 `json:"callsMade"`
	CallsKept    int                    `json:"callsKept"`
	Calls        map[string]map[int]int `json:"calls"` // by operation, then by status; 0 is no answer
	Faults       int                    `json:"faults"`
	Time         time.Time              `json:"time"` // by the emulator's clock
}

// record keeps the last events and calls.
type record struct {
	mu       sync.Mutex
	events   ring[Event]
	calls    ring[Call]
	eventSeq uint64
	callSeq  uint64
	bytes    int
	counts   map[string]map[int]int
	waiters  map[*waiter]struct{}
	subs     map[*subscriber]struct{}
}

// waiter is one WaitEvents. Its channel is made by the one that waits, so that both may live in a synctest bubble.
type waiter struct {
	filter  Filter
	missing int
	done    chan struct{}
}

// subscriber is one live stream. What it does not take in time is dropped and counted.
type subscriber struct {
	ch      chan any
	dropped int
}

func newRecord(events, calls int) *record {
	return &record{events: ring[Event]{limit: events}, calls: ring[Call]{limit: calls}, counts: map[string]map[int]int{},
		waiters: map[*waiter]struct{}{}, subs: map[*subscriber]struct{}{}}
}

func (r *record) addEvents(events []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range events {
		ev := &events[i]
		r.eventSeq++
		ev.Seq = r.eventSeq
		r.bytes += len(ev.Body)
		if old, full := r.events.push(*ev); full {
			r.bytes -= len(old.Body)
		}
		for r.bytes > maxRecordBytes && r.events.n > 1 {
			r.bytes -= len(r.events.shift().Body)
		}
		for w := range r.waiters {
			if w.filter.event(ev) {
				if w.missing--; w.missing == 0 {
					close(w.done)
					delete(r.waiters, w)
				}
			}
		}
		if len(r.subs) > 0 {
			r.publish(ev.clone())
		}
	}
}

func (r *record) addCall(c Call) {
	if len(c.Payload) > maxPayloadKept {
		c.Payload = nil
		c.Lenient = append(c.Lenient, "payload too long for the record")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.callSeq++
	c.Seq = r.callSeq
	r.calls.push(c)
	byStatus := r.counts[c.Op]
	if byStatus == nil {
		byStatus = map[int]int{}
		r.counts[c.Op] = byStatus
	}
	byStatus[c.Status]++
	if len(r.subs) > 0 {
		r.publish(c)
	}
}

func (r *record) publish(v any) {
	for s := range r.subs {
		select {
		case s.ch <- v:
		default:
			s.dropped++
		}
	}
}

func (r *record) subscribe() (*subscriber, func()) {
	s := &subscriber{ch: make(chan any, 1024)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subs[s] = struct{}{}
	return s, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.subs, s)
	}
}

// takeDropped tells how much a subscriber has missed since it last asked.
func (r *record) takeDropped(s *subscriber) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := s.dropped
	s.dropped = 0
	return n
}

func (r *record) eventsMatching(f Filter) []Event {
	var out []Event
	for i := range r.events.n {
		if ev := r.events.at(i); f.event(ev) {
			out = append(out, ev.clone())
		}
	}
	return out
}

// Events returns the stored events, the oldest first.
func (e *Emulator) Events() []Event { return e.EventsWhere(Filter{}) }

// EventsWhere returns those that a filter takes.
func (e *Emulator) EventsWhere(f Filter) []Event {
	e.record.mu.Lock()
	defer e.record.mu.Unlock()
	return e.record.eventsMatching(f)
}

// Calls returns the calls to DPS, hubs and store, refusals too, the oldest first.
func (e *Emulator) Calls() []Call { return e.CallsWhere(Filter{}) }

// CallsWhere returns those that a filter takes.
func (e *Emulator) CallsWhere(f Filter) []Call {
	r := e.record
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Call
	for i := range r.calls.n {
		if c := r.calls.at(i); f.call(c) {
			cp := *c
			cp.Lenient = append([]string(nil), c.Lenient...)
			cp.Payload = append([]byte(nil), c.Payload...)
			out = append(out, cp)
		}
	}
	return out
}

// WaitEvents waits until n events are stored and returns all that are.
func (e *Emulator) WaitEvents(ctx context.Context, n int) ([]Event, error) {
	return e.WaitEventsWhere(ctx, Filter{}, n)
}

// WaitDevice waits until n events of one device are stored.
func (e *Emulator) WaitDevice(ctx context.Context, id string, n int) ([]Event, error) {
	return e.WaitEventsWhere(ctx, Filter{Device: id}, n)
}

// WaitEventsWhere waits until the record holds n events that the filter takes. When ctx ends first it returns what there
// is, and why.
func (e *Emulator) WaitEventsWhere(ctx context.Context, f Filter, n int) ([]Event, error) {
	r := e.record
	r.mu.Lock()
	got := r.eventsMatching(f)
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
	if got = r.eventsMatching(f); len(got) >= n {
		return got, nil
	}
	if err == nil {
		return got, nil // stored, and pushed out of the ring since
	}
	return got, fmt.Errorf("emulator: %d of %d events: %w", len(got), n, err)
}

// Stats counts.
func (e *Emulator) Stats() Stats {
	e.mu.Lock()
	s := Stats{Devices: len(e.devices), Hubs: append([]string(nil), e.linked...), Faults: len(e.faults.list), Time: e.Now()}
	e.mu.Unlock()
	r := e.record
	r.mu.Lock()
	defer r.mu.Unlock()
	s.EventsStored, s.EventsKept, s.CallsMade, s.CallsKept = r.eventSeq, r.events.n, r.callSeq, r.calls.n
	s.Calls = map[string]map[int]int{}
	for op, by := range r.counts {
		s.Calls[op] = maps.Clone(by)
	}
	return s
}

// ResetRecord forgets events, calls and counts. Devices stay; sequence numbers go on.
func (e *Emulator) ResetRecord() {
	r := e.record
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.calls = ring[Event]{limit: r.events.limit}, ring[Call]{limit: r.calls.limit}
	r.counts, r.bytes = map[string]map[int]int{}, 0
}

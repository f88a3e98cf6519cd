package downlink_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	down "mayfly/function/internal/downlink"
	"mayfly/httpsend"
	"mayfly/transform/downlink"
)

// mailbox is a hub with messages that are told by their sequence numbers.
type mailbox struct {
	mu      sync.Mutex
	waiting []uint64
	size    int // of each body
	locked  map[string]uint64
	calls   []string
	silent  time.Duration // before each answer
	fails   error         // of each receive
	lost    error         // of each complete
}

func newMailbox(sequences ...uint64) *mailbox {
	return &mailbox{waiting: sequences, locked: map[string]uint64{}}
}

func (b *mailbox) Receive(ctx context.Context) (*downlink.Message, error) {
	select {
	case <-time.After(b.silent):
	case <-ctx.Done():
		b.mu.Lock()
		defer b.mu.Unlock()
		b.calls = append(b.calls, "silence")
		return nil, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, "receive")
	if b.fails != nil || len(b.waiting) == 0 {
		return nil, b.fails
	}
	n := b.waiting[0]
	b.waiting = b.waiting[1:]
	token := fmt.Sprint(n)
	b.locked[token] = n
	return &downlink.Message{Sequence: n, LockToken: token, Body: make([]byte, b.size)}, nil
}

func (b *mailbox) settle(what, token string, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, what+" "+token)
	if what == "abandon" {
		b.waiting = append([]uint64{b.locked[token]}, b.waiting...)
	}
	delete(b.locked, token)
	return err
}

func (b *mailbox) Complete(_ context.Context, token string) error {
	return b.settle("complete", token, b.lost)
}
func (b *mailbox) Abandon(_ context.Context, token string) error {
	return b.settle("abandon", token, nil)
}
func (b *mailbox) Reject(_ context.Context, token string) error {
	return b.settle("reject", token, nil)
}

// counts are the steps that were counted.
type counts struct {
	mu sync.Mutex
	of map[down.Step]int
}

func newDispatcher(log *strings.Builder) (*down.Dispatcher, *counts) {
	c := &counts{of: map[down.Step]int{}}
	handler := slog.DiscardHandler
	if log != nil {
		handler = slog.NewTextHandler(log, nil)
	}
	count := func(_ string, s down.Step) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.of[s]++
	}
	return down.New(down.Options{Log: slog.New(handler), Now: time.Now, MaxWaiting: 1, Count: count}), c
}

func ask(box *mailbox) *down.Ask {
	return &down.Ask{Source: "s", DeviceID: "d", LogName: "d", Mailbox: box, Wanted: true, Max: 3, MaxBytes: 64 << 10,
		Until: time.Now().Add(5 * time.Second)}
}

func sequences(b *down.Batch) []uint64 {
	var out []uint64
	for _, m := range b.Messages {
		out = append(out, m.Sequence)
	}
	return out
}

// What one question gets, and which calls that takes.
func TestTake(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		box   *mailbox
		ask   func(*down.Ask, *mailbox)
		write error
		want  []uint64
		calls []string
		steps map[down.Step]int
	}{
		"nothing waits": {box: newMailbox(), calls: []string{"receive"}, steps: map[down.Step]int{down.Asked: 1}},
		"one": {box: newMailbox(7), want: []uint64{7}, calls: []string{"receive", "receive", "complete 7"},
			steps: map[down.Step]int{down.Asked: 2, down.Locked: 1, down.Completed: 1}},
		"the answer was not written": {box: newMailbox(7), write: errors.New("gone"), want: []uint64{7},
			calls: []string{"receive", "receive", "abandon 7"},
			steps: map[down.Step]int{down.Asked: 2, down.Locked: 1, down.Abandoned: 1}},
		"more than one gets": {box: newMailbox(1, 2, 3, 4), want: []uint64{1, 2, 3},
			calls: []string{"receive", "receive", "receive", "complete 1", "complete 2", "complete 3"},
			steps: map[down.Step]int{down.Asked: 3, down.Locked: 3, down.Completed: 3}},
		"more bytes than one gets": {box: newMailbox(1, 2), want: []uint64{1},
			ask:   func(_ *down.Ask, b *mailbox) { b.size = 40 << 10 },
			calls: []string{"receive", "receive", "abandon 2", "complete 1"},
			steps: map[down.Step]int{down.Asked: 2, down.Locked: 2, down.Abandoned: 1, down.Completed: 1}},
		"one that does not fit": {box: newMailbox(1, 2), want: []uint64{2},
			ask: func(a *down.Ask, _ *mailbox) {
				a.Max = 1
				a.Fit = func(m *downlink.Message) down.Result {
					if m.Sequence == 1 {
						return down.Result{Outcome: down.Reject, Reason: "too long"}
					}
					return down.Result{Outcome: down.Delivered}
				}
			},
			calls: []string{"receive", "reject 1", "receive", "complete 2"},
			steps: map[down.Step]int{down.Asked: 2, down.Locked: 2, down.Rejected: 1, down.Completed: 1}},
		"many that do not fit": {box: newMailbox(1, 2, 3, 4, 5, 6),
			ask: func(a *down.Ask, _ *mailbox) {
				a.Fit = func(*downlink.Message) down.Result { return down.Result{Outcome: down.Reject} }
			},
			calls: []string{"receive", "reject 1", "receive", "reject 2", "receive", "reject 3", "receive", "reject 4",
				"receive", "reject 5"},
			steps: map[down.Step]int{down.Asked: 5, down.Locked: 5, down.Rejected: 5}},
		"one that may fit later": {box: newMailbox(1, 2),
			ask: func(a *down.Ask, _ *mailbox) {
				a.Fit = func(*downlink.Message) down.Result { return down.Result{Outcome: down.Retry} }
			},
			calls: []string{"receive", "abandon 1"},
			steps: map[down.Step]int{down.Asked: 1, down.Locked: 1, down.Abandoned: 1}},
		"less than a second left": {box: newMailbox(1),
			ask:   func(a *down.Ask, _ *mailbox) { a.Until = time.Now().Add(999 * time.Millisecond) },
			steps: map[down.Step]int{}},
		"nobody wants it": {box: newMailbox(1), ask: func(a *down.Ask, _ *mailbox) { a.Wanted = false },
			steps: map[down.Step]int{}},
		"the client is gone": {box: newMailbox(1), steps: map[down.Step]int{}, ask: func(a *down.Ask, _ *mailbox) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			a.Client = ctx
		}},
		"the hub is silent": {box: newMailbox(1), ask: func(_ *down.Ask, b *mailbox) { b.silent = time.Hour },
			calls: []string{"silence"}, steps: map[down.Step]int{down.Asked: 1, down.Failed: 1}},
		"the hub throttles": {box: newMailbox(1), ask: func(_ *down.Ask, b *mailbox) { b.fails = errors.New("429") },
			calls: []string{"receive"}, steps: map[down.Step]int{down.Asked: 1, down.Failed: 1}},
		"the lock is lost": {box: newMailbox(1), want: []uint64{1},
			ask: func(a *down.Ask, b *mailbox) {
				a.Max, b.lost = 1, &httpsend.Error{Kind: httpsend.LockLost, Tries: 1}
			},
			calls: []string{"receive", "complete 1"},
			steps: map[down.Step]int{down.Asked: 1, down.Locked: 1, down.Lost: 1}},
		"the lock is gone after a try without an answer": {box: newMailbox(1), want: []uint64{1},
			ask: func(a *down.Ask, b *mailbox) {
				a.Max, b.lost = 1, &httpsend.Error{Kind: httpsend.LockLost, Tries: 2}
			},
			calls: []string{"receive", "complete 1"},
			steps: map[down.Step]int{down.Asked: 1, down.Locked: 1, down.Completed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, counted := newDispatcher(nil)
				a := ask(tt.box)
				if tt.ask != nil {
					tt.ask(a, tt.box)
				}
				start := time.Now()
				b := d.Take(t.Context(), a)
				if took := time.Since(start); took > 2500*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				b.Settle(t.Context(), tt.write)
				b.Settle(t.Context(), nil)
				if diff := cmp.Diff(tt.want, sequences(b)); diff != "" {
					t.Errorf("messages (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.calls, tt.box.calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if !maps.Equal(tt.steps, counted.of) {
					t.Errorf("steps %v, want %v", counted.of, tt.steps)
				}
			})
		})
	}
}

// A request may wait for a message: it looks at growing intervals, ends with its sender and with the process, and
// there are so many of them at most.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := newDispatcher(nil)
		wait := func(change func(*down.Ask), box *mailbox) (*down.Batch, time.Duration) {
			a := ask(box)
			a.Until, a.Wait = time.Now().Add(time.Minute), 20*time.Second
			if change != nil {
				change(a)
			}
			start := time.Now()
			b := d.Take(t.Context(), a)
			b.Settle(t.Context(), nil)
			return b, time.Since(start)
		}
		box := newMailbox()
		time.AfterFunc(5*time.Second, func() {
			box.mu.Lock()
			defer box.mu.Unlock()
			box.waiting = []uint64{9}
		})
		if b, took := wait(nil, box); len(b.Messages) != 1 || took != 7*time.Second {
			t.Errorf("%v after %v", sequences(b), took)
		}
		box = newMailbox()
		if b, took := wait(nil, box); len(b.Messages) != 0 || took != 20*time.Second || len(box.calls) > 7 {
			t.Errorf("%v after %v, %d calls", sequences(b), took, len(box.calls))
		}
		soon := func(a *down.Ask) { a.Until = time.Now().Add(5 * time.Second) }
		if _, took := wait(soon, box); took != 4*time.Second {
			t.Errorf("with a patience of 5 s it took %v", took)
		}
		stop := make(chan struct{})
		time.AfterFunc(1500*time.Millisecond, func() { close(stop) })
		if _, took := wait(func(a *down.Ask) { a.Stop = stop }, box); took != 1500*time.Millisecond {
			t.Errorf("it ended %v after the stop began", took)
		}
		client, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(2500*time.Millisecond, hangUp)
		if _, took := wait(func(a *down.Ask) { a.Client = client }, box); took != 2500*time.Millisecond {
			t.Errorf("it ended after %v", took)
		}
		var wg sync.WaitGroup
		wg.Go(func() { wait(nil, newMailbox()) })
		synctest.Wait()
		if _, took := wait(func(a *down.Ask) { a.DeviceID = "other" }, box); took != 0 {
			t.Errorf("the second one waited for %v", took)
		}
		wg.Wait()
	})
}

// Requests of one device at one time get each message once, in order; the next one gets what the one before could not
// write.
func TestOneRequestAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := newDispatcher(nil)
		box := newMailbox(1, 2, 3, 4)
		var mu sync.Mutex
		var got []uint64
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				a := ask(box)
				a.Max = 1
				b := d.Take(t.Context(), a)
				time.Sleep(100 * time.Millisecond)
				var err error
				if i == 0 {
					err = errors.New("gone")
				} else {
					mu.Lock()
					got = append(got, sequences(b)...)
					mu.Unlock()
				}
				b.Settle(t.Context(), err)
			})
		}
		wg.Wait()
		if diff := cmp.Diff([]uint64{1, 2, 3}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// One whose turn does not come in time gets nothing.
		held := d.Take(t.Context(), ask(box))
		start := time.Now()
		if b := d.Take(t.Context(), ask(box)); len(b.Messages) != 0 || time.Since(start) != 4*time.Second {
			t.Errorf("%v after %v", sequences(b), time.Since(start))
		}
		held.Settle(t.Context(), nil)
	})
}

// Where no request wants it, a device is asked for once in a while.
func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, counted := newDispatcher(nil)
		box := newMailbox()
		for range 120 {
			a := ask(box)
			a.Wanted, a.Every = false, down.DefaultEvery
			d.Take(t.Context(), a)
			d.Push(t.Context(), a, nil)
			time.Sleep(time.Minute)
		}
		if counted.of[down.Asked] != 5 {
			t.Errorf("asked %d times in two hours", counted.of[down.Asked])
		}
	})
}

type deliverer func(*downlink.Message) down.Result

func (f deliverer) Deliver(_ context.Context, m *downlink.Message) down.Result { return f(m) }

// What becomes of a message that is pushed is what the hub is told.
func TestPush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		d, _ := newDispatcher(&log)
		box := newMailbox(1, 2, 3, 4)
		a := ask(box)
		a.Max = 10
		n := d.Push(t.Context(), a, deliverer(func(m *downlink.Message) down.Result {
			switch m.Sequence {
			case 2:
				return down.Result{Outcome: down.Reject, Reason: "answered 400"}
			case 3:
				return down.Result{Outcome: down.Retry, Reason: "answered 503"}
			}
			if m.DeviceID != "d" {
				t.Errorf("%+v", m)
			}
			return down.Result{Outcome: down.Delivered}
		}))
		want := []string{"receive", "complete 1", "receive", "reject 2", "receive", "abandon 3"}
		if diff := cmp.Diff(want, box.calls); n != 1 || diff != "" {
			t.Errorf("%d delivered (-want +got):\n%s", n, diff)
		}
		for _, want := range []string{
			`level=WARN msg="command rejected" source=s device=d messageId="" sequence=2 reason="answered 400"`,
			`level=INFO msg="command given back"`, `reason="answered 503"`,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, &log)
			}
		}
	})
}

package httpsend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/httpsend"
)

// A hub that is down is told quickly, and it is found up again.
func TestCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, client, target := hubs(t, emulator.Config{})
		if _, err := e.AddFault(emulator.Fault{ID: "down", Cut: emulator.CutBefore}); err != nil {
			t.Fatal(err)
		}
		send := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			return client.Send(ctx, target, httpsend.Event{Body: []byte("{}")})
		}
		for range 3 {
			_ = send()
		}
		calls, start := len(e.Calls()), time.Now()
		quick := 0
		for range 100 {
			var failed *httpsend.Error
			if err := send(); errors.As(err, &failed) && failed.Kind == httpsend.Down &&
				failed.RetryAfter > 0 && failed.Tries == 0 {
				quick++
			}
		}
		if quick < 99 || time.Since(start) > 5*time.Second || len(e.Calls())-calls > 5 {
			t.Errorf("%d of 100 told at once, %d calls made, in %v", quick, len(e.Calls())-calls, time.Since(start))
		}
		if s := client.Stats(); len(s.Open) != 1 || !s.Open[target.Hub] || s.Tokens != 1 || s.TokensSigned != 1 {
			t.Errorf("while the hub is down: %+v", s)
		}
		e.RemoveFault("down")
		time.Sleep(20 * time.Second)
		if err := send(); err != nil {
			t.Errorf("after the hub was up again: %v", err)
		}
		if err := send(); err != nil {
			t.Errorf("and then: %v", err)
		}
		if client.Stats().Open[target.Hub] {
			t.Error("the circuit is still open")
		}
	})
}

// When a circuit opens, for how long, and what closes it.
func TestCircuitPolicy(t *testing.T) {
	t.Parallel()
	step := func(after time.Duration, status, times int) []circuitStep {
		return slices.Repeat([]circuitStep{{after, status}}, times)
	}
	tests := []struct {
		name  string
		steps []circuitStep
		down  time.Duration // the RetryAfter of the send after them; 0: it goes out
	}{
		{"nine failures in 10 s", step(1250*time.Millisecond, 0, 9), 0},
		{"ten failures in less than 3 s", step(333*time.Millisecond, 0, 10), 0},
		{"ten failures in 3 s", step(time.Second/3+1, 0, 10), time.Second},
		{"ten answers of 503 in 3 s", step(time.Second/3+1, 503, 10), time.Second},
		{"refusals are no failures", step(time.Second, 404, 10), 0},
		{"a throttling hub is up", step(time.Second, 429, 10), 0},
		{"an answer ends the row",
			slices.Concat(step(time.Second, 0, 9), step(time.Second, 404, 1), step(time.Second, 0, 9)), 0},
		{"the first probe fails", slices.Concat(step(time.Second, 0, 10), step(time.Second, 0, 1)), 2 * time.Second},
		{"the second too", slices.Concat(step(time.Second, 0, 11), step(2*time.Second, 0, 1)), 4 * time.Second},
		{"and the third", slices.Concat(step(time.Second, 0, 11), step(2*time.Second, 0, 1), step(4*time.Second, 0, 1)),
			8 * time.Second},
		{"the longest",
			slices.Concat(step(time.Second, 0, 11), step(2*time.Second, 0, 1), step(4*time.Second, 0, 1),
				step(8*time.Second, 0, 1)),
			15 * time.Second},
		{"a probe succeeds", slices.Concat(step(time.Second, 0, 10), step(time.Second, 204, 1)), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hub := newStepHub()
			target := testTarget(t)
			for i, step := range tt.steps {
				if i > 0 {
					hub.clock = hub.clock.Add(step.after)
				}
				hub.status = step.status
				if err := hub.client.Send(t.Context(), target, httpsend.Event{}); errors.Is(err, httpsend.Down) {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			hub.status = 204
			err := hub.client.Send(t.Context(), target, httpsend.Event{})
			if tt.down == 0 && err == nil {
				return
			}
			failed := failure(t, err)
			if failed.Kind != httpsend.Down || failed.RetryAfter != tt.down || failed.Tries != 0 {
				t.Errorf("%v, try again after %v; want %v", err, failed.RetryAfter, tt.down)
			}
			other := httpsend.Target{Hub: "other", DeviceID: "d", Key: key(t)}
			if err := hub.client.Send(t.Context(), other, httpsend.Event{}); err != nil {
				t.Errorf("another hub: %v", err)
			}
		})
	}
}

type circuitStep struct {
	after  time.Duration
	status int // 0: no answer
}

// stepHub is a hub whose clock and answers are set from outside.
type stepHub struct {
	client *httpsend.Client
	clock  time.Time
	status int
	calls  int
}

func newStepHub() *stepHub {
	h := &stepHub{clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		h.calls++
		if h.status == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return answers(h.status, "")(r)
	})
	h.client = &httpsend.Client{Tries: 1, Now: func() time.Time { return h.clock }, Transport: transport}
	return h
}

// While a circuit is open one call at a time probes.
func TestOneProbe(t *testing.T) {
	t.Parallel()
	hub := newStepHub()
	target := testTarget(t)
	for range 10 {
		_ = hub.client.Send(t.Context(), target, httpsend.Event{})
		hub.clock = hub.clock.Add(time.Second)
	}
	hub.calls = 0
	var inside error
	hub.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		hub.calls++
		inside = hub.client.Send(t.Context(), target, httpsend.Event{})
		return answers(204, "")(r)
	})
	if err := hub.client.Send(t.Context(), target, httpsend.Event{}); err != nil || hub.calls != 1 {
		t.Errorf("%v, %d calls", err, hub.calls)
	}
	if failed := failure(t, inside); failed.Kind != httpsend.Down || failed.RetryAfter != time.Second {
		t.Errorf("beside the probe: %v", inside)
	}
}

// A thousand hubs have circuits.
func TestCircuitsAreBounded(t *testing.T) {
	t.Parallel()
	for others, want := range map[int]error{999: httpsend.Down, 1000: nil} {
		t.Run(strconv.Itoa(others)+" others", func(t *testing.T) {
			t.Parallel()
			hub := newStepHub()
			target := testTarget(t)
			for range 10 {
				hub.clock = hub.clock.Add(time.Second)
				_ = hub.client.Send(t.Context(), target, httpsend.Event{})
			}
			hub.status = 204
			for i := range others {
				other := httpsend.Target{Hub: fmt.Sprint("h", i), DeviceID: "d", Key: target.Key}
				if err := hub.client.Send(t.Context(), other, httpsend.Event{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := hub.client.Send(t.Context(), target, httpsend.Event{}); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

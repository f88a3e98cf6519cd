package httpsend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/httpsend"
	"mayfly/internal/backoff"
)

// How long a try may be silent before another goes beside it, and before it is
// given up.
func TestSilence(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	tests := []struct {
		name    string
		left    time.Duration // until the one who waits gives up; 0: nobody waits
		second  time.Duration // when the second try begins
		givenUp time.Duration // when the first one ends
	}{
		{"nobody waits", 0, 10 * time.Second, 40 * time.Second},
		{"nobody waits any more", -time.Second, 10 * time.Second, 40 * time.Second},
		{"1 s", time.Second, time.Second, 2 * time.Second},
		{"2 s", 2 * time.Second, time.Second, 2 * time.Second},
		{"3 s", 3 * time.Second, time.Second, 2880 * time.Millisecond},
		{"5 s", 5 * time.Second, 1200 * time.Millisecond, 4800 * time.Millisecond},
		{"20 s", 20 * time.Second, 4800 * time.Millisecond, 19200 * time.Millisecond},
		{"a minute", time.Minute, 10 * time.Second, 40 * time.Second},
		{"20 years", 20 * year, 10 * time.Second, 40 * time.Second},
		{"200 years", 200 * year, 10 * time.Second, 40 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := newSlowHub(always(never))
				target := httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
				if tt.left != 0 {
					target.AnswerBy = time.Now().Add(tt.left)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := (&httpsend.Client{Transport: hub}).Send(ctx, target, httpsend.Event{}); err == nil {
					t.Fatal("sent")
				}
				if hub.tries[1] != tt.second || hub.stayed[0] != tt.givenUp {
					t.Errorf("second try after %v, first one given up after %v; want %v, %v", hub.tries[1], hub.stayed[0], tt.second, tt.givenUp)
				}
			})
		})
	}
}

// The later tries are given more time, and the whole ends by itself.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	seconds := func(n ...int) (all []time.Duration) {
		for _, n := range n {
			all = append(all, time.Duration(n)*time.Second)
		}
		return all
	}
	tests := []struct {
		name   string
		tries  int
		budget time.Duration // 0: the context has no deadline
		want   []time.Duration
		took   time.Duration
	}{
		{"twelve tries", 12, 3 * time.Hour, seconds(40, 40, 80, 80, 160, 160, 320, 320, 320, 320, 320, 320), 1260 * time.Second},
		{"eight by default", 0, 3 * time.Hour, seconds(40, 40, 80, 80, 160, 160, 320, 320), 610 * time.Second},
		{"three", 3, 3 * time.Hour, seconds(40, 40, 80), 120 * time.Second},
		{"no deadline", 0, 0, seconds(40, 40, 80, 80, 160, 160, 20, 10), 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := newSlowHub(always(never))
				ctx := t.Context()
				if tt.budget > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.budget)
					defer cancel()
				}
				err := (&httpsend.Client{Transport: hub, Tries: tt.tries}).Send(ctx, httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}, httpsend.Event{})
				if failed := failure(t, err); failed.Kind != httpsend.Unavailable || failed.Tries != len(tt.want) {
					t.Errorf("%d tries: %v", failed.Tries, err)
				}
				slices.Sort(tt.want)
				slices.Sort(hub.stayed)
				if !slices.Equal(hub.stayed, tt.want) || time.Since(hub.start) != tt.took {
					t.Errorf("tries of %v in %v, want %v in %v", hub.stayed, time.Since(hub.start), tt.want, tt.took)
				}
			})
		})
	}
}

// lost is a hub that loses what one device sends, and answers the others.
func lost(device string, hub *slowHub, others roundTrip) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/"+device+"/") {
			return hub.RoundTrip(r)
		}
		return others(r)
	}
}

// A try that nobody answers is followed by more as soon as the hub answers
// others, however late that is, and by four at a time at most.
func TestTriesWhileOthersAreAnswered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		answered int // when another device is, in milliseconds; 0: never
		budget   int
		tries    []int
	}{
		{"nobody is", 0, 4700, []int{0, 1200}},
		{"before the second try", 1000, 4700, []int{0, 1200, 2400, 3600}},
		{"after a tick without an answer", 2500, 4700, []int{0, 1200, 3600}},
		{"after two", 3700, 4700, []int{0, 1200}},
		{"four at a time", 1000, 5900, []int{0, 1200, 2400, 3600, 4800}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := newSlowHub(always(never))
				client := &httpsend.Client{Transport: lost("d", hub, answers(204, ""))}
				if tt.answered > 0 {
					time.AfterFunc(time.Duration(tt.answered)*time.Millisecond, func() {
						other := httpsend.Target{Hub: "h", DeviceID: "other", Key: key(t)}
						if err := client.Send(t.Context(), other, httpsend.Event{}); err != nil {
							t.Error(err)
						}
					})
				}
				_ = send(t, client, time.Duration(tt.budget)*time.Millisecond)
				if got := milliseconds(hub.tries); !slices.Equal(got, tt.tries) {
					t.Errorf("tries at %v, want %v", got, tt.tries)
				}
			})
		})
	}
}

func milliseconds(all []time.Duration) (out []int) {
	for _, d := range all {
		out = append(out, int(d/time.Millisecond))
	}
	return out
}

// The longest pauses between tries: what the jitter draws from, or what the hub
// asks for.
func TestPauses(t *testing.T) {
	t.Parallel()
	throttle := func(delays map[int]time.Duration) func(int) (time.Duration, int, []string) {
		return func(n int) (time.Duration, int, []string) {
			if n == 2 {
				return 0, http.StatusNoContent, nil
			}
			return delays[n], http.StatusTooManyRequests, []string{"Retry-After", "7"}
		}
	}
	tests := []struct {
		name  string
		hub   func(int) (time.Duration, int, []string)
		left  int // milliseconds until the one who waits gives up; 0: nobody waits
		tries []int
	}{
		{"500, nobody waits", script(500), 0, []int{0, 100, 300, 700, 1500, 3100, 6300, 11300}},
		{"500, somebody waits", script(500), 5000, []int{0, 100, 300, 700, 1500, 2300, 3100, 3900}},
		{"500, somebody waits for 1 s", script(500), 1000, []int{0, 100, 300, 700, 1500, 3100, 6300, 11300}},
		{"429 with Retry-After, nobody waits", script("7", "7", time.Duration(0)), 0, []int{0, 7000, 14000}},
		{"429 with Retry-After, in time", script("2", time.Duration(0)), 5000, []int{0, 2000}},
		{"429 with Retry-After, too late: once just in time", script("5", time.Duration(0)), 5000, []int{0, 4700}},
		{"just in time is 300 ms after the last", throttle(map[int]time.Duration{0: 4400 * time.Millisecond, 1: never}), 5000, []int{0, 1200, 4700}},
		{"and no less", throttle(map[int]time.Duration{0: 4401 * time.Millisecond, 1: never}), 5000, []int{0, 1200, 11401}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := newSlowHub(tt.hub)
				client := &httpsend.Client{Transport: hub}
				client.SetJitter(backoff.Ceiling)
				target := httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
				if tt.left > 0 {
					target.AnswerBy = time.Now().Add(time.Duration(tt.left) * time.Millisecond)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_ = client.Send(ctx, target, httpsend.Event{})
				if got := milliseconds(hub.tries); !slices.Equal(got, tt.tries) {
					t.Errorf("tries at %v, want %v", got, tt.tries)
				}
			})
		})
	}
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
		{"an answer ends the row", slices.Concat(step(time.Second, 0, 9), step(time.Second, 404, 1), step(time.Second, 0, 9)), 0},
		{"the first probe fails", slices.Concat(step(time.Second, 0, 10), step(time.Second, 0, 1)), 2 * time.Second},
		{"the second too", slices.Concat(step(time.Second, 0, 11), step(2*time.Second, 0, 1)), 4 * time.Second},
		{"and the third", slices.Concat(step(time.Second, 0, 11), step(2*time.Second, 0, 1), step(4*time.Second, 0, 1)), 8 * time.Second},
		{"the longest", slices.Concat(step(time.Second, 0, 11), step(2*time.Second, 0, 1), step(4*time.Second, 0, 1), step(8*time.Second, 0, 1)), 15 * time.Second},
		{"a probe succeeds", slices.Concat(step(time.Second, 0, 10), step(time.Second, 204, 1)), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hub := newStepHub()
			target := httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
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
			if failed := failure(t, err); failed.Kind != httpsend.Down || failed.RetryAfter != tt.down || failed.Tries != 0 {
				t.Errorf("%v, try again after %v; want %v", err, failed.RetryAfter, tt.down)
			}
			if err := hub.client.Send(t.Context(), httpsend.Target{Hub: "other", DeviceID: "d", Key: key(t)}, httpsend.Event{}); err != nil {
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
	h.client = &httpsend.Client{Tries: 1, Now: func() time.Time { return h.clock }, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		h.calls++
		if h.status == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return answers(h.status, "")(r)
	})}
	return h
}

// While a circuit is open one call at a time probes.
func TestOneProbe(t *testing.T) {
	t.Parallel()
	hub := newStepHub()
	target := httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
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
			target := httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
			for range 10 {
				hub.clock = hub.clock.Add(time.Second)
				_ = hub.client.Send(t.Context(), target, httpsend.Event{})
			}
			hub.status = 204
			for i := range others {
				if err := hub.client.Send(t.Context(), httpsend.Target{Hub: fmt.Sprint("h", i), DeviceID: "d", Key: key(t)}, httpsend.Event{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := hub.client.Send(t.Context(), target, httpsend.Event{}); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

// tokenHub records the token of each call.
type tokenHub struct {
	client *httpsend.Client
	clock  time.Time
	token  url.Values
}

func newTokenHub() *tokenHub {
	h := &tokenHub{clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	h.client = &httpsend.Client{Now: func() time.Time { return h.clock }, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		h.token, _ = url.ParseQuery(strings.TrimPrefix(r.Header.Get("Authorization"), "SharedAccessSignature "))
		return answers(204, "")(r)
	})}
	return h
}

// left sends and returns how long the token that was used is still valid.
func (h *tokenHub) left(t *testing.T, target httpsend.Target) time.Duration {
	t.Helper()
	if err := h.client.Send(t.Context(), target, httpsend.Event{}); err != nil {
		t.Fatal(err)
	}
	expiry, err := strconv.ParseInt(h.token.Get("se"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(expiry, 0).Sub(h.clock)
}

// A token is good for an hour, and used again while it has more than a quarter of
// one.
func TestTokens(t *testing.T) {
	t.Parallel()
	first := httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
	tests := []struct {
		name   string
		after  time.Duration
		second httpsend.Target
		left   time.Duration
	}{
		{"at once", 0, first, time.Hour},
		{"shortly before it is old", 45*time.Minute - time.Second, first, 15*time.Minute + time.Second},
		{"old", 45 * time.Minute, first, time.Hour},
		{"the clock is set back", -time.Second, first, time.Hour},
		{"another hub", time.Minute, httpsend.Target{Hub: "h2", DeviceID: "d", Key: first.Key}, time.Hour},
		{"another device", time.Minute, httpsend.Target{Hub: "h", DeviceID: "d2", Key: first.Key}, time.Hour},
		{"another key", time.Minute, httpsend.Target{Hub: "h", DeviceID: "d", Key: first.Key.Derive("d")}, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hub := newTokenHub()
			if left := hub.left(t, first); left != time.Hour {
				t.Errorf("the first token is valid for %v", left)
			}
			hub.clock = hub.clock.Add(tt.after)
			if left := hub.left(t, tt.second); left != tt.left {
				t.Errorf("the second token is valid for %v, want %v", left, tt.left)
			}
			if want := tt.second.Hub + "/devices/" + tt.second.DeviceID; hub.token.Get("sr") != want {
				t.Errorf("it is for %s, want %s", hub.token.Get("sr"), want)
			}
		})
	}
}

func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	for others, left := range map[int]time.Duration{8191: time.Hour - time.Second, 8192: time.Hour} {
		hub := newTokenHub()
		target := httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
		hub.left(t, target)
		for i := range others {
			hub.left(t, httpsend.Target{Hub: "h", DeviceID: strconv.Itoa(i), Key: target.Key})
		}
		hub.clock = hub.clock.Add(time.Second)
		if got := hub.left(t, target); got != left {
			t.Errorf("after %d other devices the token is valid for %v, want %v", others, got, left)
		}
	}
}

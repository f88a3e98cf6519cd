package httpsend_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/httpsend"
)

// slowHub stores what it gets and answers 204 later; the tries are told apart by
// their numbers.
type slowHub struct {
	answer func(n int) (after time.Duration, status int, header []string)

	mu     sync.Mutex
	start  time.Time
	tries  []time.Duration // since the start
	stayed []time.Duration // how long those that got no answer were waited for
}

func newSlowHub(answer func(n int) (time.Duration, int, []string)) *slowHub {
	return &slowHub{answer: answer, start: time.Now()}
}

func (h *slowHub) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	h.mu.Lock()
	n := len(h.tries)
	h.tries = append(h.tries, began.Sub(h.start))
	h.mu.Unlock()
	after, status, header := h.answer(n)
	select {
	case <-time.After(after):
		return answers(status, "", header...)(r)
	case <-r.Context().Done():
		h.mu.Lock()
		h.stayed = append(h.stayed, time.Since(began))
		h.mu.Unlock()
		return nil, context.Cause(r.Context())
	}
}

const never = time.Hour

func always(after time.Duration) func(int) (time.Duration, int, []string) {
	return func(int) (time.Duration, int, []string) { return after, http.StatusNoContent, nil }
}

// script answers try n with step n, and all after the last as the last.
func script(steps ...any) func(int) (time.Duration, int, []string) {
	return func(n int) (time.Duration, int, []string) {
		switch step := steps[min(n, len(steps)-1)].(type) {
		case time.Duration:
			return step, http.StatusNoContent, nil
		case int:
			return 0, step, nil
		default:
			return 0, http.StatusTooManyRequests, []string{"Retry-After", step.(string)}
		}
	}
}

// send sends for one who waits 5 s, as the function does.
func send(t *testing.T, c *httpsend.Client, budget time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	target := testTarget(t)
	target.AnswerBy = time.Now().Add(5 * time.Second)
	return c.Send(ctx, target, httpsend.Event{Body: []byte("{}")})
}

func failure(t *testing.T, err error) *httpsend.Error {
	t.Helper()
	var failed *httpsend.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got %v", err)
	}
	return failed
}

func TestTriesSideBySide(t *testing.T) {
	t.Parallel()
	ms := func(n ...int) (all []time.Duration) {
		for _, n := range n {
			all = append(all, time.Duration(n)*time.Millisecond)
		}
		return all
	}
	tests := []struct {
		name     string
		hub      func(int) (time.Duration, int, []string)
		tries    []time.Duration
		answered time.Duration
		stayed   []time.Duration // see slowHub
	}{
		{"quick", always(50 * time.Millisecond), ms(0), 50 * time.Millisecond, nil},
		{"0.5 s", always(500 * time.Millisecond), ms(0), 500 * time.Millisecond, nil},
		{"1.3 s", always(1300 * time.Millisecond), ms(0, 1200), 1300 * time.Millisecond, ms(100)},
		{"2 s", always(2 * time.Second), ms(0, 1200), 2 * time.Second, ms(800)},
		{"4 s", always(4 * time.Second), ms(0, 1200), 4 * time.Second, ms(2800)},
		{"a dead connection", script(never, 50*time.Millisecond), ms(0, 1200), 1250 * time.Millisecond, ms(1250)},
		{"a dead one and a slow one", script(never, 2*time.Second), ms(0, 1200), 3200 * time.Millisecond, ms(3200)},
		{"two dead ones", script(never, never, 50*time.Millisecond), ms(0, 1200, 4800), 4850 * time.Millisecond,
			ms(4800, 3650)},
		{"more than anybody waits", always(7 * time.Second), ms(0, 1200, 4800, 6000), 11800 * time.Millisecond,
			ms(4800, 4800, 5800)},
		{"throttled beside a dead one", script(never, "2", 50*time.Millisecond),
			ms(0, 1200, 3200), 3250 * time.Millisecond,
			ms(3250)},
		{"throttled for long beside a dead one: once just in time", script(never, "7", 50*time.Millisecond),
			ms(0, 1200, 4700), 4750 * time.Millisecond, ms(4750)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := newSlowHub(tt.hub)
				if err := send(t, &httpsend.Client{Transport: hub}, 30*time.Second); err != nil {
					t.Error(err)
				}
				if took := time.Since(hub.start); took != tt.answered {
					t.Errorf("answered after %v, want %v", took, tt.answered)
				}
				if !slices.Equal(hub.tries, tt.tries) || !slices.Equal(hub.stayed, tt.stayed) {
					t.Errorf("tries at %v, unanswered for %v; want %v, %v", hub.tries, hub.stayed, tt.tries, tt.stayed)
				}
			})
		})
	}
}

// pool is a transport with idle connections that have all died.
type pool struct {
	slowHub
	dead, closed int
}

func (p *pool) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	alive := p.dead == 0
	p.dead = max(p.dead-1, 0)
	p.mu.Unlock()
	if alive {
		return p.slowHub.RoundTrip(r)
	}
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func (p *pool) CloseIdleConnections() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead, p.closed = 0, p.closed+1
}

// After a freeze the second try does not wait for another dead connection, and a
// hub that is slow does not cost all the others theirs.
func TestDeadPool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pool{slowHub: slowHub{answer: always(0), start: time.Now()}, dead: 8}
		client := &httpsend.Client{Transport: p}
		err := send(t, client, 30*time.Second)
		if err != nil || time.Since(p.start) != 1200*time.Millisecond || p.closed != 1 {
			t.Errorf("%v after %v, closed %d times", err, time.Since(p.start), p.closed)
		}
		p.answer = always(2 * time.Second)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := send(t, client, 30*time.Second); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		wg.Wait()
		if p.closed > 10 {
			t.Errorf("closed %d times", p.closed)
		}
	})
}

func TestAnswerBesideSilence(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		hub   func(int) (time.Duration, int, []string)
		kind  httpsend.Kind // 0 for a success
		tries int
	}{
		{"5xx is tried again", script(never, 503, 500, 50*time.Millisecond), 0, 4},
		{"unknown device", script(never, 404), httpsend.NotHere, 2},
		{"unknown device, after a 5xx", script(503, never, 404), httpsend.NotHere, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := newSlowHub(tt.hub)
				err := send(t, &httpsend.Client{Transport: hub}, 30*time.Second)
				if (err == nil) != (tt.kind == 0) ||
					err != nil && (failure(t, err).Kind != tt.kind || failure(t, err).Tries != tt.tries) {
					t.Error(err)
				}
				if len(hub.tries) != tt.tries || time.Since(hub.start) > 5*time.Second {
					t.Errorf("tries at %v, answered after %v", hub.tries, time.Since(hub.start))
				}
			})
		})
	}
}

// A hub that queues what it throttles is up: nobody is told otherwise.
func TestManyToSlowHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := newSlowHub(always(1500 * time.Millisecond))
		client := &httpsend.Client{Transport: hub}
		const rounds, each = 5, 20
		for range rounds {
			var wg sync.WaitGroup
			start := time.Now()
			for range each {
				wg.Go(func() {
					err := send(t, client, 30*time.Second)
					if err != nil || time.Since(start) != 1500*time.Millisecond {
						t.Errorf("after %v: %v", time.Since(start), err)
					}
				})
			}
			wg.Wait()
		}
		if len(hub.tries) != 2*rounds*each {
			t.Errorf("%d copies of %d messages", len(hub.tries), rounds*each)
		}
	})
}

// What ends with the request was not silent for long enough to call the hub down.
func TestShortBudgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := &httpsend.Client{Transport: newSlowHub(always(never))}
		for range 20 {
			err := failure(t, send(t, client, 2*time.Second))
			if err.Kind != httpsend.Unavailable || err.Tries != 2 || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
	})
}

// A hub that answers nothing at all is down: what has gone out is told to have,
// and what comes then is not sent.
func TestSilentHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := newSlowHub(always(never))
		client := &httpsend.Client{Transport: hub}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				err := failure(t, send(t, client, 30*time.Second))
				if err.Kind != httpsend.Unavailable || err.Tries < 4 || err.RetryAfter == 0 {
					t.Errorf("%+v", *err)
				}
			})
		}
		wg.Wait()
		made := len(hub.tries)
		if took := time.Since(hub.start); took > 20*time.Second {
			t.Errorf("given up after %v", took)
		}
		err := failure(t, send(t, client, 30*time.Second))
		if err.Kind != httpsend.Down || err.RetryAfter == 0 || len(hub.tries) != made {
			t.Errorf("%+v", *err)
		}
		hub.answer = always(0)
		time.Sleep(15 * time.Second)
		if err := send(t, client, 30*time.Second); err != nil {
			t.Errorf("after the hub was up again: %v", err)
		}
	})
}

// While ten calls have waited for three seconds, and nobody got an answer, nothing new
// goes out but a probe now and then. The first answer ends that.
func TestHangingHub(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		waiting int
		after   time.Duration
		hangs   bool
	}{
		"nine wait":            {9, 30 * time.Second, false},
		"ten, not yet for 3 s": {10, 2999 * time.Millisecond, false},
		"ten, for 3 s":         {10, 3 * time.Second, true},
		"many, for 30 s":       {100, 30 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answer := make(chan struct{})
				hub := func(r *http.Request) (*http.Response, error) {
					if r.URL.Path != "/devices/quick/messages/events" {
						<-answer
					}
					return answers(http.StatusNoContent, "")(r)
				}
				client := &httpsend.Client{Tries: 1, Transport: roundTrip(hub)}
				send := func(device string) error {
					target := httpsend.Target{
						Hub: "h", DeviceID: device, Key: key(t), AnswerBy: time.Now().Add(time.Hour),
					}
					return client.Send(t.Context(), target, httpsend.Event{})
				}
				var waiting sync.WaitGroup
				defer waiting.Wait()
				defer close(answer)
				for range tt.waiting {
					waiting.Go(func() {
						if err := send("slow"); err != nil {
							t.Error(err)
						}
					})
				}
				time.Sleep(tt.after)
				for wait := time.Second; tt.hangs && wait > 0; wait -= 500 * time.Millisecond {
					failed := failure(t, send("quick"))
					if failed.Kind != httpsend.Down || failed.RetryAfter != wait || failed.Tries != 0 {
						t.Errorf("%+v, want %v", failed, wait)
					}
					time.Sleep(500 * time.Millisecond)
				}
				for range 2 { // a probe, and one after its answer
					if err := send("quick"); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// Down means that nothing was sent.
func TestCircuitOpensUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, client, target := hubs(t, emulator.Config{Faults: []emulator.Fault{{Cut: emulator.CutAfter}}})
		cut := 0
		for i := range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			err := failure(t, client.Send(ctx, target, httpsend.Event{Body: []byte("{}"), MessageID: strconv.Itoa(i)}))
			cancel()
			if (err.Kind == httpsend.Down) != (err.Tries == 0) {
				t.Errorf("%d tries: %v", err.Tries, err)
			}
			if 0 < err.Tries && err.Tries < 8 {
				cut++
				if err.Kind != httpsend.Unavailable || err.RetryAfter == 0 {
					t.Errorf("%+v", *err)
				}
			}
		}
		if cut == 0 {
			t.Errorf("no message was under way when the circuit opened; %d calls", len(e.Calls()))
		}
	})
}

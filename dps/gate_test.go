package dps

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/internal/backoff"
)

func testGate() *gate {
	g := newGate(time.Now)
	g.jitter = backoff.Ceiling
	return g
}

// mustEnter takes n turns and returns how long that took.
func mustEnter(t *testing.T, g *gate, n int) (turns []turn, took time.Duration) {
	t.Helper()
	start := time.Now()
	for range n {
		turn, _, err := g.enter(t.Context())
		if err != nil {
			t.Fatal("the gate lets nobody in:", err)
		}
		turns = append(turns, turn)
	}
	return turns, time.Since(start)
}

var (
	throttle    = &Error{Kind: Throttled}
	unavailable = &Error{Kind: Unavailable}
)

// One wave of calls that are throttled is one strike, however many they are.
func TestGateOneWaveIsOneStrike(t *testing.T) {
	t.Parallel()
	for name, calls := range map[string]int{"one call": 1, "all calls that may be under way": 32} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := testGate()
				for _, want := range []time.Duration{1500, 2000, 3000, 5000, 9000, 17000, 30000, 30000} {
					g.spacing = 0 // so that the next wave can come at once
					turns, _ := mustEnter(t, g, calls)
					for _, turn := range turns {
						g.leave(turn, throttle)
					}
					turns, closed := mustEnter(t, g, 1)
					if closed != want*time.Millisecond {
						t.Errorf("closed for %v, want %v", closed, want*time.Millisecond)
					}
					g.leave(turns[0], unavailable) // which tells nothing about a throttle
				}
			})
		})
	}
}

// What DPS asks for counts, and the longest wish of a wave.
func TestGateKeepsRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		turns, _ := mustEnter(t, g, 4)
		for i, seconds := range []time.Duration{5, 2, 9, 7} {
			g.leave(turns[i], &Error{Kind: Throttled, RetryAfter: seconds * time.Second})
		}
		if _, closed := mustEnter(t, g, 1); closed != 9*time.Second || g.strikes != 1 {
			t.Errorf("closed for %v after %d strikes, want 9 s after one", closed, g.strikes)
		}
	})
}

// After a throttle the calls are let through one by one, farther apart with each
// strike.
func TestGateSpacing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		for _, want := range []time.Duration{60_000, 90_000, 135_000, 202_500, 303_750, 455_625, 500_000, 500_000} {
			turns, _ := mustEnter(t, g, 1)
			g.leave(turns[0], throttle)
			turns, _ = mustEnter(t, g, 1)
			more, took := mustEnter(t, g, 3)
			if took != 3*want*time.Microsecond {
				t.Errorf("three calls within %v, want them %v apart", took, want*time.Microsecond)
			}
			for _, turn := range append(turns, more...) {
				g.leave(turn, unavailable)
			}
		}
	})
}

// Each success brings the calls closer together, until they are not spaced any
// more; and the next throttle begins anew.
func TestGateRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		turns, _ := mustEnter(t, g, 1)
		g.leave(turns[0], throttle)
		for range 2 {
			spacing := 60 * time.Millisecond
			for n := range 13 {
				turns, _ = mustEnter(t, g, 1)
				if g.spacing != spacing {
					t.Errorf("after %d successes %v apart, want %v", n, g.spacing, spacing)
				}
				g.leave(turns[0], nil)
				spacing = spacing * 17 / 20
			}
			if g.spacing != 0 {
				t.Errorf("after 13 successes %v apart", g.spacing)
			}
			turns, _ = mustEnter(t, g, 1)
			g.leave(turns[0], throttle)
			turns, closed := mustEnter(t, g, 1)
			if closed != 1500*time.Millisecond {
				t.Errorf("closed for %v, want 1.5 s", closed)
			}
			g.leave(turns[0], unavailable)
		}
	})
}

// A refusal of DPS is an answer as good as any; the answers of calls that left
// before the gate was closed are about the past.
func TestGateWhatCountsAsRecovery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		before  bool // the call left before the gate was closed
		err     error
		strikes int
	}{
		{"success", false, nil, 0},
		{"refusal", false, &Error{Kind: Refused}, 0},
		{"no answer", false, unavailable, 1},
		{"success of an older call", true, nil, 1},
		{"throttled again", false, throttle, 2},
		{"throttled, an older call", true, throttle, 1},
		{"foreign error", false, errors.New("x"), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := testGate()
				turns, _ := mustEnter(t, g, 2)
				g.leave(turns[0], throttle)
				last := turns[1]
				if !tt.before {
					turns, _ := mustEnter(t, g, 1)
					last = turns[0]
				}
				spacing := g.spacing
				g.leave(last, tt.err)
				if g.strikes != tt.strikes || (g.spacing < spacing) != (tt.strikes == 0) {
					t.Errorf("%d strikes, want %d; %v apart after %v", g.strikes, tt.strikes, g.spacing, spacing)
				}
			})
		})
	}
}

// A gate that is closed is closed for those who were already waiting, too.
func TestGateClosesForThoseWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		turns, _ := mustEnter(t, g, 1)
		g.leave(turns[0], throttle) // closed until 1.5 s
		start := time.Now()
		passed := make(chan time.Duration, 2)
		for range 2 {
			go func() {
				if _, _, err := g.enter(t.Context()); err != nil {
					t.Error("the gate lets nobody in:", err)
				}
				passed <- time.Since(start)
			}()
			synctest.Wait()
		}
		if first := <-passed; first != 1500*time.Millisecond {
			t.Errorf("the first passed after %v", first)
		}
		g.leave(turn(g.closings), throttle) // closed until 1.5 + 2 s; the second waits for its spacing
		if second := <-passed; second != 3500*time.Millisecond {
			t.Errorf("the second passed after %v, want 3.5 s", second)
		}
	})
}

// Who has no time for the gate to open is told at once what is missing, and
// leaves room for the others.
func TestGateOutOfTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		turns, _ := mustEnter(t, g, 1)
		g.leave(turns[0], throttle)
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), 1499*time.Millisecond)
			start := time.Now()
			_, wait, err := g.enter(ctx)
			cancel()
			if err == nil || wait != 1500*time.Millisecond || time.Since(start) != 0 {
				t.Fatalf("%v, %v after %v", err, wait, time.Since(start))
			}
		}
		if _, took := mustEnter(t, g, 1); took != 1500*time.Millisecond {
			t.Errorf("the others wait %v", took)
		}
	})
}

// 32 calls are under way at the most.
func TestGateParallel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		turns, took := mustEnter(t, g, 32)
		if took != 0 {
			t.Errorf("32 calls take %v to leave", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := g.enter(ctx); err == nil {
			t.Error("33 calls under way")
		}
		time.AfterFunc(time.Second, func() { g.leave(turns[0], nil) })
		if _, took := mustEnter(t, g, 1); took != time.Second {
			t.Errorf("the next one left after %v", took)
		}
	})
}

// While calls wait for a place and none of those under way is answered, a call waits
// for five seconds and no longer, and those after it not at all.
func TestGateWhileDPSHangs(t *testing.T) {
	t.Parallel()
	broken := &Error{Kind: Unavailable, Status: 500}
	hung := &Error{Kind: Unavailable, Err: context.DeadlineExceeded}
	for name, tt := range map[string]struct {
		after time.Duration // when a call ends
		err   error         // with
		first time.Duration // how long the first waits
		next  error         // what the second gets at once after it
	}{
		"no call ends":                  {time.Hour, nil, 5 * time.Second, errSilent},
		"a call is answered in time":    {4 * time.Second, nil, 4 * time.Second, errNoTurn},
		"a call is answered with 500":   {4 * time.Second, broken, 4 * time.Second, errNoTurn},
		"a call ends without an answer": {4 * time.Second, hung, 4 * time.Second, errSilent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := testGate()
				turns, _ := mustEnter(t, g, maxParallel)
				timer := time.AfterFunc(tt.after, func() { g.leave(turns[0], tt.err) })
				defer timer.Stop()
				start := time.Now()
				_, _, err := g.enter(t.Context())
				if took := time.Since(start); took != tt.first || (err != nil) != (tt.first == 5*time.Second) {
					t.Errorf("the first: %v after %v", err, took)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				if _, _, err = g.enter(ctx); !errors.Is(err, tt.next) {
					t.Errorf("the second: %v, want %v", err, tt.next)
				}
			})
		})
	}
}

package httpsend_test

import (
	"context"
	"net/http"
	"slices"
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
				target := testTarget(t)
				if tt.left != 0 {
					target.AnswerBy = time.Now().Add(tt.left)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := (&httpsend.Client{Transport: hub}).Send(ctx, target, httpsend.Event{}); err == nil {
					t.Fatal("sent")
				}
				if hub.tries[1] != tt.second || hub.stayed[0] != tt.givenUp {
					t.Errorf("second try after %v, want %v", hub.tries[1], tt.second)
					t.Errorf("first one given up after %v, want %v", hub.stayed[0], tt.givenUp)
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
		{"twelve tries", 12, 3 * time.Hour, seconds(40, 40, 80, 80, 160, 160, 320, 320, 320, 320, 320, 320),
			1260 * time.Second},
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
				client := &httpsend.Client{Transport: hub, Tries: tt.tries}
				err := client.Send(ctx, testTarget(t), httpsend.Event{})
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
		{"just in time is 300 ms after the last", throttle(map[int]time.Duration{0: 4400 * time.Millisecond, 1: never}),
			5000, []int{0, 1200, 4700}},
		{"and no less", throttle(map[int]time.Duration{0: 4401 * time.Millisecond, 1: never}), 5000,
			[]int{0, 1200, 11401}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := newSlowHub(tt.hub)
				client := &httpsend.Client{Transport: hub}
				client.SetJitter(backoff.Ceiling)
				target := testTarget(t)
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

// When a hub is tried that throttles without a Retry-After, where the jitter takes
// the longest wait.
func TestThrottlePace(t *testing.T) {
	t.Parallel()
	const text = `{"Message":"ErrorCode:ThrottlingBacklogTimeout;Wait 10 seconds and try again."}`
	tests := []struct {
		name       string
		body       string
		throttled  int           // answers before the hub takes the event
		left       time.Duration // until the one who waits gives up; 0: nobody waits
		budget     time.Duration
		tries      []int
		retryAfter time.Duration // of the error
	}{
		{"as the text says", text, 2, 0, time.Minute, []int{0, 10_000, 20_000}, 0},
		{"as the text says, in time", text, 1, time.Minute, time.Minute, []int{0, 10_000}, 0},
		{"no time for that", text, 9, 0, 25 * time.Second, []int{0, 10_000, 20_000}, 10 * time.Second},
		{"a sender that waits 5 s", text, 9, 5 * time.Second, 30 * time.Second,
			[]int{0, 1500, 4500, 14_500, 24_500}, 10 * time.Second},
		{"a sender that waits 4 s", text, 9, 4 * time.Second, 30 * time.Second,
			[]int{0, 1500, 3700, 13_700, 23_700}, 10 * time.Second},
		{"no text", `{}`, 99, 0, 3 * time.Minute, []int{0, 1500, 4500, 10_500, 22_500, 45_000, 67_500, 90_000}, 0},
		{"no text, and a sender that waits 5 s", `{}`, 99, 5 * time.Second, 30 * time.Second,
			[]int{0, 1500, 4500, 10_500, 22_500}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var tries []int
				start := time.Now()
				client := &httpsend.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					tries = append(tries, int(time.Since(start).Milliseconds()))
					if len(tries) > tt.throttled {
						return answers(http.StatusNoContent, "")(r)
					}
					return answers(http.StatusTooManyRequests, tt.body)(r)
				})}
				client.SetJitter(backoff.Ceiling)
				target := testTarget(t)
				if tt.left > 0 {
					target.AnswerBy = start.Add(tt.left)
				}
				ctx, cancel := context.WithTimeout(t.Context(), tt.budget)
				defer cancel()
				err := client.Send(ctx, target, httpsend.Event{})
				if !slices.Equal(tries, tt.tries) {
					t.Errorf("tries at %v, want %v", tries, tt.tries)
				}
				if stored := len(tries) > tt.throttled; stored != (err == nil) {
					t.Fatal(err)
				}
				if err != nil && failure(t, err).RetryAfter != tt.retryAfter {
					t.Errorf("retry after %v, want %v", failure(t, err).RetryAfter, tt.retryAfter)
				}
			})
		})
	}
}

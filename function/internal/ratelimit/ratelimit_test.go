package ratelimit_test

import (
	"testing"
	"time"

	"mayfly/function/internal/ratelimit"
)

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ratelimit.Rate{
		"1/s": {Count: 1, Per: time.Second}, "600/m": {Count: 600, Per: time.Minute},
		"1000000000/h": {Count: 1e9, Per: time.Hour},
		"0/s":          {}, "1000000001/h": {}, "-1/s": {}, "1/d": {}, "1": {}, "/s": {}, "1.5/s": {}, "1/S": {},
		"": {},
	} {
		var r ratelimit.Rate
		if err := r.UnmarshalText([]byte(text)); r != want || (err == nil) != (want.Count > 0) {
			t.Errorf("%q: %v, %v, want %v", text, r, err, want)
		}
	}
}

// All of a rate may come at once, then as much as time brings; what is refused takes
// nothing.
func TestTake(t *testing.T) {
	t.Parallel()
	type take struct {
		at   time.Duration
		n    int
		wait time.Duration
	}
	for name, tt := range map[string]struct {
		rate  ratelimit.Rate
		takes []take
	}{
		"no limit":    {ratelimit.Rate{}, []take{{0, 1e9, 0}, {0, 1e9, 0}}},
		"all at once": {ratelimit.Rate{Count: 3, Per: time.Minute}, []take{{0, 3, 0}, {0, 1, 20 * time.Second}}},
		"one by one": {ratelimit.Rate{Count: 2, Per: time.Minute},
			[]take{{0, 1, 0}, {0, 1, 0}, {0, 1, 30 * time.Second}}},
		"time brings more": {ratelimit.Rate{Count: 2, Per: time.Minute},
			[]take{{0, 2, 0}, {29 * time.Second, 1, time.Second}, {30 * time.Second, 1, 0}}},
		"refused, not taken": {ratelimit.Rate{Count: 2, Per: time.Minute},
			[]take{{0, 1, 0}, {0, 2, 30 * time.Second}, {0, 1, 0}}},
		"more than it holds": {ratelimit.Rate{Count: 2, Per: time.Minute},
			[]take{{0, 9, 0}, {0, 9, time.Minute}, {time.Minute, 9, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limiter, start := tt.rate.Limiter(), time.Unix(1_700_000_000, 0)
			for i, step := range tt.takes {
				if wait := ratelimit.Take(limiter, start.Add(step.at), step.n); wait.Round(
					time.Millisecond,
				) != step.wait {
					t.Errorf("%d: wait %s, want %s", i, wait, step.wait)
				}
			}
		})
	}
}

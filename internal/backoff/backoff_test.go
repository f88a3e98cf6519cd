package backoff_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/internal/backoff"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, header string
		want         time.Duration
	}{
		{"absent", "", 0},
		{"seconds", "3", 3 * time.Second},
		{"fraction", "0.5", 500 * time.Millisecond},
		{"spaces", " 7 ", 7 * time.Second},
		{"zero", "0", 0},
		{"negative", "-2", 0},
		{"not a number", "NaN", 0},
		{"five minutes", "300", 5 * time.Minute},
		{"more than five minutes", "300.5", 5 * time.Minute},
		{"infinite", "Inf", backoff.MaxRetryAfter},
		{"a day", "86400", backoff.MaxRetryAfter},
		{"overflow", "1e300", backoff.MaxRetryAfter},
		{"date", "Sat, 21 Nov 2026 12:00:09 GMT", 9 * time.Second},
		{"past date", "Sat, 21 Nov 2026 11:00:00 GMT", 0},
		{"far date", "Sat, 21 Nov 2099 11:00:00 GMT", backoff.MaxRetryAfter},
		{"words", "later", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := backoff.RetryAfter(http.Header{"Retry-After": {tt.header}}, now); got != tt.want {
				t.Errorf("Retry-After %q: %v, want %v", tt.header, got, tt.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"3", "1e9", "-0", "Sat, 21 Nov 2026 12:00:09 GMT", "0x10p-2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := backoff.RetryAfter(http.Header{"Retry-After": {header}}, time.Unix(0, 0))
		if got < 0 || got > backoff.MaxRetryAfter {
			t.Errorf("Retry-After %q: %v", header, got)
		}
	})
}

func TestCeiling(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		n             int
		base, ceiling time.Duration
		want          time.Duration
	}{
		{"first", 0, time.Second, 8 * time.Second, time.Second},
		{"doubled", 1, time.Second, 8 * time.Second, 2 * time.Second},
		{"doubled twice", 2, time.Second, 8 * time.Second, 4 * time.Second},
		{"at the ceiling", 3, time.Second, 8 * time.Second, 8 * time.Second},
		{"beyond the ceiling", 4, time.Second, 8 * time.Second, 8 * time.Second},
		{"no overflow", 1 << 40, time.Second, 8 * time.Second, 8 * time.Second},
		{"base above the ceiling", 0, 9 * time.Second, 8 * time.Second, 8 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := backoff.Ceiling(tt.n, tt.base, tt.ceiling); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// Jitter draws from the whole of what Ceiling allows, and from nothing else.
func TestJitter(t *testing.T) {
	t.Parallel()
	for n := range 6 {
		limit := backoff.Ceiling(n, time.Second, 8*time.Second)
		low, high := limit, time.Duration(0)
		for range 2000 {
			got := backoff.Jitter(n, time.Second, 8*time.Second)
			low, high = min(low, got), max(high, got)
		}
		// Each bound is missed once in 10^17 runs.
		if low < 0 || high > limit || low > limit/50 || high < limit-limit/50 {
			t.Errorf("try %d: from %v to %v, want 0 to %v", n, low, high, limit)
		}
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for _, d := range []time.Duration{11 * time.Second, 10 * time.Second} {
			if backoff.Sleep(ctx, d) || time.Since(start) != 0 {
				t.Error("slept towards a deadline that comes first")
			}
		}
		if !backoff.Sleep(ctx, 9*time.Second) || time.Since(start) != 9*time.Second {
			t.Error("did not sleep its time")
		}
		stop, halt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, halt)
		if backoff.Sleep(stop, time.Hour) || time.Since(start) != 10*time.Second {
			t.Error("slept on after its context had ended")
		}
		if backoff.Sleep(stop, 0) || !backoff.Sleep(t.Context(), 0) {
			t.Error("no time at all: want whether the context has ended")
		}
	})
}

func TestRetryAfterText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0,
		"The request has been throttled. Wait 10 seconds and try again. Operation type: X": 10 * time.Second,
		"wait 1 second":                   time.Second,
		"Retry after 2.5s":                2500 * time.Millisecond,
		"retry in 1500 ms":                1500 * time.Millisecond,
		"retry in 20 milliseconds":        20 * time.Millisecond,
		"Please wait for 3 minutes":       3 * time.Minute,
		"wait at least 30 sec.":           30 * time.Second,
		"wait 999999999 minutes":          backoff.MaxRetryAfter,
		"wait 99999999999999 seconds":     0,
		"100 messages in 10 units":        0,
		"throttled after 5 messages":      0,
		"wait -5 seconds":                 0,
		"Operations are being throttled.": 0,
	} {
		if got := backoff.RetryAfterText(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzRetryAfterText(f *testing.F) {
	for _, seed := range []string{"Wait 10 seconds and try again", "after 1.5s", "in 999999999.999999999 m", "in 1 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if wait := backoff.RetryAfterText(text); wait < 0 || wait > backoff.MaxRetryAfter {
			t.Errorf("%q: %v", text, wait)
		}
	})
}

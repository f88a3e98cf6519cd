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

func TestJitterStaysUnderItsCeiling(t *testing.T) {
	t.Parallel()
	for n := range 100 {
		limit := 8 * time.Second
		if n < 3 {
			limit = time.Second << n
		}
		for range 50 {
			if got := backoff.Jitter(n, time.Second, 8*time.Second); got < 0 || got > limit {
				t.Fatalf("try %d: %v, the ceiling is %v", n, got, limit)
			}
		}
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if backoff.Sleep(ctx, 11*time.Second) || time.Since(start) != 0 {
			t.Error("slept towards a deadline that comes first")
		}
		if !backoff.Sleep(ctx, 9*time.Second) || time.Since(start) != 9*time.Second {
			t.Error("did not sleep its time")
		}
		stop, halt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, halt)
		if backoff.Sleep(stop, time.Hour) || time.Since(start) != 10*time.Second {
			t.Error("slept on after its context had ended")
		}
	})
}

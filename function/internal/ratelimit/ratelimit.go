package ratelimit

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/state"
)

// Rate is so many in a time, all of which may come at once. The zero value is no
// limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// UnmarshalText reads 10/s, 600/m or 1000/h.
func (r *Rate) UnmarshalText(text []byte) error {
	count, unit, ok := strings.Cut(strings.TrimSpace(string(text)), "/")
	n, err := strconv.Atoi(count)
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	if !ok || err != nil || n < 1 || n > 1_000_000_000 || per == 0 {
		return errors.New("want a number and a time, as in 10/s, 600/m or 1000/h")
	}
	*r = Rate{n, per}
	return nil
}

// Limiter makes the bucket of a rate; nil where there is no limit.
func (r Rate) Limiter() *rate.Limiter {
	if r.Count == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(r.Count)/r.Per.Seconds()), r.Count)
}

// Take takes n from a bucket, or tells how long to wait for them. More than a
// bucket holds counts as all that it holds.
func Take(l *rate.Limiter, now time.Time, n int) (wait time.Duration) {
	if l == nil {
		return 0
	}
	r := l.ReserveN(now, min(n, l.Burst()))
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// TakeShared takes n of a rate that instances share, by the name of its bucket. Where there is no store, or the
// store is down, it takes them from this instance's own bucket.
func (r Rate) TakeShared(
	ctx context.Context, store state.Store, name string, own *rate.Limiter, now time.Time, n int,
) (wait time.Duration) {
	if own == nil {
		return 0
	}
	if store != nil {
		if wait, err := store.Take(ctx, name, r.Count, r.Per, n); err == nil {
			return wait
		}
	}
	return Take(own, now, n)
}

// SlowDown is the answer to who is over a limit. It says which one, so that the
// right knob is turned.
func SlowDown(whose string, wait time.Duration) error {
	return &problem.Error{Code: problem.SlowDown, Detail: whose + " sends more than it may", RetryAfter: wait}
}

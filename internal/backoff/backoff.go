// Package backoff says how long to wait before a call is tried again. It never
// waits longer than its caller's context allows: see Sleep.
package backoff

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter bounds what an upstream may ask for, so that a wrong header
// cannot silence a fleet.
const MaxRetryAfter = 5 * time.Minute

// RetryAfter reads a Retry-After header in seconds or as an HTTP date
// (RFC 9110 section 10.2.3). It gives 0 where there is none or it makes no
// sense, and MaxRetryAfter at most.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var wait time.Duration
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) { // NaN as well
			return 0
		}
		wait = MaxRetryAfter
		if seconds < MaxRetryAfter.Seconds() {
			wait = time.Duration(seconds * float64(time.Second))
		}
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), MaxRetryAfter)
}

// Jitter gives the wait before try n (the first is 0): full jitter under an
// exponential ceiling, as Azure's DPS guidance asks for (azure-docs,
// iot-dps/concepts-deploy-at-scale.md).
func Jitter(n int, base, ceiling time.Duration) time.Duration {
	limit := ceiling
	if n < 30 && base<<n < ceiling {
		limit = base << n
	}
	return time.Duration(rand.Int64N(int64(limit) + 1)) //nolint:gosec // jitter needs no secret
}

// Sleep waits for d. It gives false at once where ctx would end first, and
// false as soon as ctx ends.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d { //nolint:forbidigo // context deadlines live by time.Now
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

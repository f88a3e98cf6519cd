package backoff

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayfly/internal/lazyregexp"
)

// MaxRetryAfter bounds what an upstream may ask for, so that a wrong header
// cannot silence a fleet.
const MaxRetryAfter = 5 * time.Minute

// RetryAfter reads a Retry-After header in seconds or as an HTTP date
// (RFC 9110 section 10.2.3). It returns 0 where there is none or it makes no
// sense, and at most MaxRetryAfter.
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

// waitText finds the time in "Wait 10 seconds and try again" and "retry after
// 1.5 s". Its groups are the number, and the unit where it is not seconds.
var waitText = lazyregexp.New(`(?i)\b(?:wait|after|in|for)(?: at least| about)? (\d{1,9}(?:\.\d{1,9})?) ?` +
	`(?:(ms|milliseconds?)|(m|mins?|minutes?)|s|secs?|seconds?)\b`)

// RetryAfterText reads the time that the text of an error asks for, where there
// is no header: a throttled hub writes "Wait 10 seconds and try again". It returns
// 0 where there is none, and at most MaxRetryAfter.
func RetryAfterText(text string) time.Duration {
	found := waitText().FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	n, _ := strconv.ParseFloat(found[1], 64) // the expression admits numbers only
	unit := time.Second
	switch {
	case found[2] != "":
		unit = time.Millisecond
	case found[3] != "":
		unit = time.Minute
	}
	return time.Duration(min(n*float64(unit), float64(MaxRetryAfter)))
}

// Policy says how long to wait before try n of a call (the first is 0), where
// the waits begin at base and grow to ceiling. Jitter and Ceiling are policies.
type Policy func(n int, base, ceiling time.Duration) time.Duration

// Jitter is full jitter under an exponential ceiling, as Azure's DPS guidance
// asks for (azure-docs, iot-dps/concepts-deploy-at-scale.md): a random time from
// 0 to Ceiling.
func Jitter(n int, base, ceiling time.Duration) time.Duration {
	limit := int64(Ceiling(n, base, ceiling))
	return time.Duration(rand.Int64N(limit + 1)) //nolint:gosec // jitter needs no secret
}

// Ceiling doubles base n times, up to ceiling. It is the longest that Jitter
// waits.
func Ceiling(n int, base, ceiling time.Duration) time.Duration {
	for range n {
		if base >= ceiling {
			break
		}
		base *= 2
	}
	return min(base, ceiling)
}

// Sleep waits for d. It returns false at once where ctx would end first, and
// false as soon as ctx ends.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		if time.Until(deadline) <= d { //nolint:forbidigo // context deadlines use time.Now
			return false
		}
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

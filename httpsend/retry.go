package httpsend

import (
	"context"
	"errors"
	"time"

	"mayfly/internal/backoff"
)

const (
	defaultTries   = 8
	defaultAttempt = 10 * time.Second
	leastAttempt   = time.Second
	longestSend    = 5 * time.Minute // where the caller's context has no deadline
	// An early try leaves this much time for its answer and ours, and comes no
	// sooner than that after the one before it.
	answerMargin = 300 * time.Millisecond

	backoffBase    = 100 * time.Millisecond
	backoffCeiling = 5 * time.Second
	whileAwaited   = 800 * time.Millisecond // the ceiling while somebody still waits for the answer
)

// retry calls once until it succeeds or there is no point or no time in another
// try.
func (c *Client) retry(ctx context.Context, t Target, once func(context.Context) *Error) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, longestSend)
		defer cancel()
	}
	tries := c.Tries
	if tries == 0 {
		tries = defaultTries
	}
	base := c.attempt(t)
	circuit := c.circuits.of(t.Hub)
	for n := 0; ; n++ {
		if wait := circuit.blocked(c.now()); wait > 0 {
			return &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Down, RetryAfter: wait, Tries: n,
				Message: "not reachable for a while; nothing more was sent"}
		}
		// Four short tries find a way around what hangs; then the hub itself seems
		// slow and gets more time.
		attempt, done := context.WithTimeout(ctx, base<<min(max(n-3, 0), 3))
		err := once(attempt)
		done()
		circuit.record(c.now(), err)
		if err == nil {
			return nil
		}
		err.Tries = n + 1
		if err.Kind != Unavailable && err.Kind != Throttled || n+1 >= tries {
			return err
		}
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			continue // that took its time already
		}
		if !backoff.Sleep(ctx, c.pause(t, n, err.RetryAfter)) {
			return err
		}
	}
}

// attempt is the time-out of the first tries: a fourth of what the one who waits
// still has, so that four of them fit in.
func (c *Client) attempt(t Target) time.Duration {
	if left := t.AnswerBy.Sub(c.now()); !t.AnswerBy.IsZero() && left > 0 {
		return min(max(left*6/25, leastAttempt), defaultAttempt)
	}
	return defaultAttempt
}

// pause says how long to wait before try n+1: what the hub asked, unless that is
// too late for the one who waits and one try just in time is possible.
func (c *Client) pause(t Target, n int, asked time.Duration) time.Duration {
	if asked == 0 && c.now().Before(t.AnswerBy) {
		return backoff.Jitter(n, backoffBase, whileAwaited)
	}
	if asked == 0 {
		return backoff.Jitter(n, backoffBase, backoffCeiling)
	}
	if t.AnswerBy.IsZero() {
		return asked
	}
	if inTime := t.AnswerBy.Add(-answerMargin).Sub(c.now()); inTime >= answerMargin && asked > inTime {
		return inTime
	}
	return asked
}

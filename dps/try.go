package dps

import (
	"context"
	"errors"
	"time"

	"mayfly/internal/backoff"
	"mayfly/internal/upstream"
)

const (
	minRetryDelay = 200 * time.Millisecond // the first ceiling of the jitter between two tries
	maxRetryDelay = 5 * time.Second
)

// call is what the tries of one call have in common.
type call struct {
	gate   *gate
	tries  int // how often a call without an answer is made
	op     string
	device string
}

// The causes of calls that were never made.
var (
	errNoTurn = errors.New("its turn did not come in time")
	errSilent = errors.New("DPS has answered none of the calls under way")
)

// try makes a call until it succeeds, fails for good, has failed c.tries times,
// or ctx leaves no time. Throttled calls wait at the gate with everybody else.
func (p *Provisioner) try(ctx context.Context, c call, do func(context.Context) error) error {
	var last error
	for n := 0; ; n++ {
		turn, wait, err := c.gate.enter(ctx)
		switch {
		case err != nil && last != nil:
			return last
		case errors.Is(err, errSilent):
			return &Error{Op: c.op, Device: c.device, Kind: Unavailable, RetryAfter: maxSilence, Err: err}
		case err != nil:
			return &Error{Op: c.op, Device: c.device, Kind: Throttled, RetryAfter: max(wait, minClosed), Err: err}
		}
		last = p.once(ctx, p.attemptTimeout<<min(n, 2), do)
		c.gate.leave(turn, last)

		failed, _ := errors.AsType[*Error](last)
		switch {
		case errors.Is(last, Throttled):
			continue
		case errors.Is(last, Unavailable) && !upstream.UntrustedCertificate(failed.Err):
			delay := max(failed.RetryAfter, p.jitter(n, minRetryDelay, maxRetryDelay))
			if n+1 < c.tries && backoff.Sleep(ctx, delay) {
				continue
			}
		}
		return last
	}
}

func (p *Provisioner) once(ctx context.Context, timeout time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return do(ctx)
}

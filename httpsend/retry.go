package httpsend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"mayfly/internal/backoff"
)

const (
	defaultTries = 8
	mostSilent   = 10 * time.Second
	leastSilent  = time.Second
	longestSend  = 5 * time.Minute // where the caller's context has no deadline
	mostBeside   = 4               // tries at one time
	// An early try leaves this much time for its answer and ours, and comes no
	// sooner than that after the one before it.
	answerMargin = 300 * time.Millisecond

	backoffBase    = 100 * time.Millisecond
	backoffCeiling = 5 * time.Second
	whileAwaited   = 800 * time.Millisecond // the ceiling while somebody still waits for the answer
)

// errGivenUp ends a try that got no answer for as long as the sender waits.
var errGivenUp = fmt.Errorf("no answer: %w", context.DeadlineExceeded)

// sending is what the tries of one call share.
type sending struct {
	client    *Client
	target    Target
	transport http.RoundTripper
	once      func(context.Context) *Error
	circuit   *circuit
	tries     int
	began     time.Time
	silent    time.Duration // without an answer for so long, a second try goes beside the first
	limit     time.Duration // and for so long, the try is given up
	ended     chan *Error   // how tries ended, nil for a success
	outcome   *Error
}

// retry calls once until it succeeds or there is no point or no time in another
// try. A try that is silent may be on a connection that is dead, or the hub is
// slow; so another one goes beside it, and the first success counts.
func (c *Client) retry(ctx context.Context, t Target, transport http.RoundTripper, once func(context.Context) *Error) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, longestSend)
		defer cancel()
	}
	circuit := c.circuits.of(t.Hub)
	if wait := circuit.blocked(c.now()); wait > 0 {
		return &Error{Hub: t.Hub, Device: t.DeviceID, Kind: Down, RetryAfter: wait, Message: "not reachable for a while; nothing was sent"}
	}
	s := sending{client: c, began: c.now(), target: t, transport: transport, once: once, circuit: circuit, tries: cmp.Or(c.Tries, defaultTries), ended: make(chan *Error, mostBeside)}
	s.silent, s.limit = c.patience(t)
	// Mostly the first try is answered soon. So it runs right here, and all else
	// waits in a timer.
	first, end := context.WithCancelCause(ctx)
	defer end(nil)
	done := make(chan struct{})
	rest := time.AfterFunc(s.silent, func() {
		giveUp := time.AfterFunc(s.limit-s.silent, func() { end(errGivenUp) })
		defer giveUp.Stop()
		s.outcome = s.rest(ctx, 0)
		end(nil)
		close(done)
	})
	err := s.try(first)
	switch {
	case !rest.Stop():
		s.ended <- err
		<-done
		err = s.outcome
	case err != nil:
		s.ended <- err
		err = s.rest(ctx, s.silent)
	}
	if err != nil {
		return err
	}
	return nil
}

// rest follows the first try, under way or just ended, to the end of the call. It
// starts the next one after wait, or after a pause where one has failed. Of a hub
// that answers nobody no more than two run at a time: it is slow, or down. Where it
// answers others, it is these tries that are lost, and more go beside them.
func (s *sending) rest(ctx context.Context, wait time.Duration) *Error {
	var others sync.WaitGroup
	defer others.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := time.NewTimer(wait)
	defer next.Stop()
	var last *Error
	var notBefore time.Time // as the hub has asked
	for made, running := 1, 1; ; {
		select {
		case <-next.C:
			quiet := !s.circuit.answeredSince(s.began)
			if running == mostBeside || running > 1 && quiet || made >= s.tries || running > 0 && ctx.Err() != nil {
				continue
			}
			if wait := s.circuit.blocked(s.client.now()); wait > 0 {
				if running > 0 {
					continue
				}
				// Not Down: something was sent.
				last.RetryAfter = max(last.RetryAfter, wait)
				return last
			}
			if running > 0 && quiet {
				// After a freeze all connections of the pool may be dead: dial.
				(&http.Client{Transport: s.transport}).CloseIdleConnections()
			}
			limit := s.limit << min(made/2, 3) // after two, the hub itself seems slow
			made++
			running++
			others.Go(func() {
				ctx, cancel := context.WithTimeoutCause(ctx, limit, errGivenUp)
				defer cancel()
				s.ended <- s.try(ctx)
			})
			next.Reset(s.silent)
		case last = <-s.ended:
			running--
			if last == nil {
				return nil
			}
			last.Tries = made
			if last.Kind != Unavailable && last.Kind != Throttled || made >= s.tries && running == 0 {
				return last
			}
			now := s.client.now()
			if last.RetryAfter > 0 {
				notBefore = now.Add(last.RetryAfter)
			}
			last.RetryAfter = max(notBefore.Sub(now), 0)
			var pause time.Duration
			if last.RetryAfter > 0 || !errors.Is(last, context.DeadlineExceeded) { // which took its time already
				pause = s.client.pause(s.target, made-1, last.RetryAfter)
			}
			switch {
			case running > 0:
				next.Reset(pause)
			case backoff.Sleep(ctx, pause):
				next.Reset(0)
			default:
				return last
			}
		}
	}
}

// try makes one call and tells the circuit of it.
func (s *sending) try(ctx context.Context) *Error {
	err := s.once(ctx)
	// A try that lost, or ended with the call, says nothing about the hub.
	if cause := context.Cause(ctx); err == nil || cause == nil || cause == errGivenUp { //nolint:errorlint // it is that very one
		s.circuit.record(s.client.now(), err)
	}
	return err
}

// patience says how long a try may be silent before another goes beside it, and
// before it is given up: a fourth of what the one who waits still has, and all of
// it but a moment for one more.
func (c *Client) patience(t Target) (silent, limit time.Duration) {
	left := t.AnswerBy.Sub(c.now())
	if t.AnswerBy.IsZero() || left <= 0 {
		return mostSilent, 4 * mostSilent
	}
	limit = min(max(left*24/25, 2*leastSilent), 4*mostSilent)
	return max(limit/4, leastSilent), limit
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

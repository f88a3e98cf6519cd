package httpsend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"mayfly/internal/backoff"
	"mayfly/internal/upstream"
)

const (
	defaultTries = 8
	maxParallel  = 4               // tries at a time
	maxSend      = 5 * time.Minute // where the caller's context has no deadline

	// How long a try may be silent before another one goes beside it.
	minSilence = time.Second
	maxSilence = 10 * time.Second
	// A try is given up after this many silences.
	silences = 4

	// An early try leaves this much time for its answer and ours, and comes no
	// sooner than that after the one before it.
	answerMargin = 300 * time.Millisecond

	minRetryDelay   = 100 * time.Millisecond // the first ceiling of the jitter between two tries
	maxRetryDelay   = 5 * time.Second
	maxAwaitedDelay = 800 * time.Millisecond // while somebody still waits for the answer

	minThrottleDelay = time.Second // the first floor between two throttled tries
	maxThrottleDelay = 15 * time.Second
)

// errGivenUp ends a try that got no answer for as long as the sender waits.
var errGivenUp = fmt.Errorf("no answer: %w", context.DeadlineExceeded)

// sending is one request on its way to the hub: one try, or several beside each
// other.
type sending struct {
	client    *Client
	target    Target
	transport http.RoundTripper
	call      func(ctx context.Context, try int) *Error
	circuit   *circuit
	began     time.Time
	silence   time.Duration // a try that is silent for so long gets another one beside it
	limit     time.Duration // and after so long it is given up

	tries   sync.WaitGroup
	results chan *Error // of the tries, nil for a success

	made, running int
	throttled     int       // throttled tries whose wait was ours to choose
	notBefore     time.Time // when the hub wants the next try
}

// retry makes the call until it succeeds, or there is no point or no time in
// another try.
func (c *Client) retry(
	ctx context.Context, t Target, transport http.RoundTripper, call func(ctx context.Context, try int) *Error,
) *Error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, maxSend)
		defer cancel()
	}
	s := sending{
		client: c, target: t, transport: transport, call: call, began: c.now(),
		circuit: c.circuits.of(t.Hub), results: make(chan *Error, maxParallel),
	}
	if wait := s.circuit.admit(s.began); wait > 0 {
		return &Error{
			Hub: t.Hub, Device: t.DeviceID, Kind: Down, RetryAfter: wait,
			Message: "not reachable for a while; nothing was sent", Err: s.circuit.lastCause(),
		}
	}
	s.silence, s.limit = patience(t, s.began)
	return s.run(ctx)
}

// run makes the first try and, unless it succeeds soon, the loop. The first try
// runs right here and not on a goroutine of its own, which would cost a message a
// tenth more CPU; so the loop starts beside it when it has been silent, and after
// it when it has failed.
func (s *sending) run(ctx context.Context) *Error {
	first, cancel := context.WithTimeoutCause(ctx, s.limit, errGivenUp)
	defer cancel()
	s.made, s.running = 1, 1
	outcome := make(chan *Error, 1)
	silent := time.AfterFunc(s.silence, func() {
		outcome <- s.loop(ctx, 0)
		cancel()
	})
	err := s.try(first, 1)
	switch {
	case !silent.Stop():
		s.results <- err
		return <-outcome
	case err != nil:
		s.results <- err
		return s.loop(ctx, s.silence)
	}
	return nil
}

// loop makes tries until one of them has ended the sending, and does not outlive
// the tries that it has started. A try that is silent may be on a connection that
// is dead, or the hub is slow: so after wait another one goes beside it, and the
// first success counts. A try that failed is followed by another one after a
// pause.
func (s *sending) loop(ctx context.Context, wait time.Duration) *Error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.tries.Wait()
	defer cancel()
	next := time.NewTimer(wait)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			if s.another() && ctx.Err() == nil {
				s.start(ctx)
			}
			next.Reset(s.silence)

		case err := <-s.results:
			s.running--
			if err == nil {
				return nil
			}
			pause, again := s.failed(err)
			if !again {
				return err
			}
			if s.running > 0 {
				next.Reset(pause)
				continue
			}
			if !backoff.Sleep(ctx, pause) {
				return err
			}
			if wait := s.circuit.blocked(s.client.now()); wait > 0 {
				err.RetryAfter = max(err.RetryAfter, wait) // not Down: something was sent
				return err
			}
			s.start(ctx)
			next.Reset(s.silence)
		}
	}
}

// start makes one more try, on a goroutine. After two, the hub itself seems slow:
// so the later ones are given more time.
func (s *sending) start(ctx context.Context) {
	limit := s.limit << min(s.made/2, 3)
	s.made++
	s.running++
	number := s.made
	s.tries.Go(func() {
		ctx, cancel := context.WithTimeoutCause(ctx, limit, errGivenUp)
		defer cancel()
		s.results <- s.try(ctx, number)
	})
}

// try makes one call and tells the circuit of its result.
func (s *sending) try(ctx context.Context, number int) *Error {
	end := s.circuit.begin(s.client.now())
	err := s.call(ctx, number)
	end()
	// A try that lost, or ended with the sending, says nothing about the hub; and
	// that it refuses one device's certificate says nothing to the others.
	cause := context.Cause(ctx)
	if err == nil || (cause == nil || errors.Is(cause, errGivenUp)) && !(s.target.Certificate != nil && isAlert(err)) {
		s.circuit.record(s.client.now(), err)
	}
	return err
}

// isAlert reports whether the other side has ended a TLS connection with an
// alert. Package tls does not export the alerts of TCP connections.
func isAlert(err error) bool {
	operation, ok := errors.AsType[*net.OpError](err)
	return ok && operation.Op == "remote error"
}

// another reports whether a try is to go beside those that are silent. Of a hub
// that answers nobody no more than two run at a time: it is slow, or down. Where
// it answers others, it is these tries that are lost, and more go beside them.
func (s *sending) another() bool {
	quiet := !s.circuit.answeredSince(s.began)
	if s.running >= maxParallel || s.running > 1 && quiet || s.made >= s.maxTries() ||
		s.circuit.blocked(s.client.now()) > 0 {
		return false
	}
	if quiet {
		// After a freeze all connections of the pool may be dead: dial.
		(&http.Client{Transport: s.transport}).CloseIdleConnections()
	}
	return true
}

// failed says whether the sending goes on after a try that failed, and how long
// to wait before the next one. It completes the error.
func (s *sending) failed(err *Error) (pause time.Duration, again bool) {
	err.Tries = s.made
	if upstream.UntrustedCertificate(err.Err) {
		return 0, false // the next try would end the same way
	}
	if err.Kind != Unavailable && err.Kind != Throttled || s.made >= s.maxTries() && s.running == 0 {
		return 0, false
	}
	now := s.client.now()
	if err.RetryAfter > 0 {
		s.notBefore = now.Add(err.RetryAfter)
	}
	err.RetryAfter = max(s.notBefore.Sub(now), 0)
	if err.Kind == Throttled && (err.RetryAfter == 0 || err.fixedText) {
		return s.client.pause(s.target, 0, s.throttleDelay(err.RetryAfter)), true
	}
	if err.RetryAfter == 0 && errors.Is(err, context.DeadlineExceeded) {
		return 0, true // it took its time already
	}
	return s.client.pause(s.target, s.made-1, err.RetryAfter), true
}

func (s *sending) maxTries() int { return cmp.Or(s.client.Tries, defaultTries) }

// patience says how long a try may be silent before another goes beside it, and
// before it is given up: a fourth of what the one who waits still has, and all of
// it but a moment for one more.
func patience(t Target, now time.Time) (silence, limit time.Duration) {
	left := t.AnswerBy.Sub(now)
	if t.AnswerBy.IsZero() || left <= 0 {
		return maxSilence, silences * maxSilence
	}
	limit = min(max(left/25*24, 2*minSilence), silences*maxSilence)
	return max(limit/silences, minSilence), limit
}

// throttleDelay is the time to the next try of a hub that throttles without a
// Retry-After: what its text names. The text is always the same ("Wait 10 seconds
// and try again"): so where there is none, or it names more than the one who waits
// has, the waits have a floor that doubles. A hub queues before it throttles
// (azure-docs, iot-hub/iot-hub-devguide-quotas-throttling.md, "Traffic shaping").
func (s *sending) throttleDelay(named time.Duration) time.Duration {
	inTime := s.client.inTime(s.target)
	if named > 0 && (named <= inTime || inTime < answerMargin) {
		return named
	}
	floor := backoff.Ceiling(s.throttled, minThrottleDelay, maxThrottleDelay)
	s.throttled++
	return floor + s.client.policy()(0, floor/2, floor/2)
}

// inTime is the time until the last try that can be in time for the one who waits;
// it is negative where nobody does.
func (c *Client) inTime(t Target) time.Duration { return t.AnswerBy.Add(-answerMargin).Sub(c.now()) }

func (c *Client) policy() backoff.Policy {
	if c.jitter != nil {
		return c.jitter
	}
	return backoff.Jitter
}

// pause says how long to wait before try n+1: what the hub asked, unless that is
// too late for the one who waits and one try just in time is possible.
func (c *Client) pause(t Target, n int, asked time.Duration) time.Duration {
	if asked == 0 {
		ceiling := maxRetryDelay
		if c.now().Before(t.AnswerBy) {
			ceiling = maxAwaitedDelay
		}
		return c.policy()(n, minRetryDelay, ceiling)
	}
	if inTime := c.inTime(t); inTime >= answerMargin && asked > inTime {
		return inTime
	}
	return asked
}

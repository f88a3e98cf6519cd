package dps

import (
	"context"
	"errors"
	"slices"
	"time"

	"mayfly/internal/backoff"
)

const (
	defaultPoll = 2 * time.Second // what Microsoft's SDKs wait where DPS names no time
	leastPoll   = time.Second     // between two polls of a device, whatever DPS says
	// DPS allows a device 5 polls in 10 s (azure-docs, includes/iot-dps-limits.md).
	pollLimit  = 5
	pollWindow = 10 * time.Second
	// An early poll leaves this much time for its answer, the event and ours.
	answerMargin = 800 * time.Millisecond

	backoffBase    = 200 * time.Millisecond
	backoffCeiling = 5 * time.Second
)

// await polls a registration until it ends or ctx leaves no time for another
// poll; then the next caller goes on where this one stopped.
func (p *Provisioner) await(ctx context.Context, d Device, op operation, answerBy time.Time) (*Assignment, error) {
	for {
		now := p.client.now()
		if !backoff.Sleep(ctx, nextPoll(now, op, answerBy)) {
			return nil, &PendingError{Device: d.ID, RetryAfter: max(op.next.Sub(p.client.now()), leastPoll)}
		}
		var reg Registration
		err := p.try(ctx, &p.polls, 8, "operation", d.ID, func(ctx context.Context) (err error) {
			op.asked = append(recent(op.asked, p.client.now()), p.client.now())
			reg, err = p.client.Operation(ctx, d.withKey(op.secondary), op.id)
			return err
		})
		if err != nil {
			var failed *Error
			if errors.As(err, &failed) && !failed.Retryable() {
				p.pending.Delete(d.ID)
			} else {
				p.pending.Set(d.ID, op)
			}
			return nil, err
		}
		if reg.Assignment != nil {
			p.pending.Delete(d.ID)
			reg.Assignment.Secondary = op.secondary
			return reg.Assignment, nil
		}
		op.id = reg.Operation
		op.next = p.client.now().Add(pollWait(reg.RetryAfter))
		p.pending.Set(d.ID, op)
	}
}

func pollWait(retryAfter int) time.Duration {
	if retryAfter <= 0 {
		return defaultPoll
	}
	return time.Duration(retryAfter) * time.Second
}

// nextPoll says how long to wait before the next poll: as DPS asked, unless that
// is too late for the one who waits and a poll just in time is still allowed.
func nextPoll(now time.Time, op operation, answerBy time.Time) time.Duration {
	asked := max(op.next.Sub(now), 0)
	if answerBy.IsZero() {
		return asked
	}
	inTime := answerBy.Add(-answerMargin).Sub(now)
	if asked <= inTime || inTime <= 0 {
		return asked
	}
	polls := recent(op.asked, now.Add(inTime))
	if len(polls) >= pollLimit || len(polls) > 0 && now.Add(inTime).Sub(polls[len(polls)-1]) < leastPoll {
		return asked
	}
	return inTime
}

// recent keeps the polls that count for DPS's limit at time t.
func recent(asked []time.Time, t time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(asked), func(at time.Time) bool { return t.Sub(at) >= pollWindow })
}

func (p *Provisioner) untilPoll(id string) time.Duration {
	if op, ok := p.pending.Get(id); ok {
		return max(op.next.Sub(p.client.now()), leastPoll)
	}
	return defaultPoll
}

// try makes a call until it succeeds, fails for good, has failed tries times, or
// ctx leaves no time. Throttled calls wait at the gate with everybody else.
func (p *Provisioner) try(ctx context.Context, g *gate, tries int, op, device string, call func(context.Context) error) error {
	var last error
	for n := 0; ; n++ {
		err := p.once(ctx, g, p.timeout<<min(n, 2), op, device, call)
		if errors.Is(err, errNoTurn) && last != nil {
			return last
		}
		var failed *Error
		switch {
		case errors.Is(err, errNoTurn):
			return err
		case !errors.As(err, &failed):
			g.content()
			return err
		case failed.Kind == Throttled:
			g.throttled(p.client.now(), failed.RetryAfter)
		case failed.Kind == Unavailable:
			if wait := max(failed.RetryAfter, backoff.Jitter(n, backoffBase, backoffCeiling)); n+1 >= tries || !backoff.Sleep(ctx, wait) {
				return err
			}
		default:
			g.content()
			return err
		}
		last = err
	}
}

// errNoTurn is the cause of a call that was never made.
var errNoTurn = errors.New("its turn did not come in time")

// once waits for a call's turn and makes it.
func (p *Provisioner) once(ctx context.Context, g *gate, timeout time.Duration, op, device string, call func(context.Context) error) error {
	if !g.enter(ctx) {
		return &Error{Op: op, Device: device, Kind: Throttled, RetryAfter: leastClosed, Err: errNoTurn}
	}
	defer g.leave()
	if wait, ok := g.pass(ctx, p.client.now()); !ok {
		return &Error{Op: op, Device: device, Kind: Throttled, RetryAfter: max(wait, leastClosed), Err: errNoTurn}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}

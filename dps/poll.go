package dps

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"mayfly/internal/backoff"
)

const (
	defaultPollDelay = 2 * time.Second // what Microsoft's SDKs wait where DPS names no time
	minPollDelay     = time.Second     // between two polls of a device, whatever DPS says
	// DPS allows a device 5 polls in 10 s (azure-docs, includes/iot-dps-limits.md).
	maxPolls   = 5
	pollWindow = 10 * time.Second
	// An early poll leaves this much time for its answer, the event and ours.
	answerMargin = 800 * time.Millisecond
)

// operation is a registration that is under way.
type operation struct {
	id        string
	secondary bool        // it was begun with the secondary key
	repeated  bool        // it is the second one, after a failure that this may heal
	polled    []time.Time // the last polls, for DPS's limit
	notBefore time.Time   // when DPS wants the next poll
}

// await polls a registration until it ends or ctx leaves no time for another
// poll; then the next caller goes on where this one stopped.
func (p *Provisioner) await(ctx context.Context, r request, op *operation) (*Assignment, error) {
	for {
		if !backoff.Sleep(ctx, nextPoll(p.client.now(), op, r.answerBy)) {
			return nil, p.pendingError(r.device.ID)
		}
		reg, err := p.poll(ctx, r.device, op)
		switch {
		case errors.Is(err, Unavailable), errors.Is(err, Throttled):
			p.pending.Set(r.device.ID, *op)
			return nil, err
		case err != nil:
			p.pending.Delete(r.device.ID)
			return nil, err
		case reg.Assignment != nil:
			p.pending.Delete(r.device.ID)
			reg.Assignment.Secondary = op.secondary
			return reg.Assignment, nil
		}
		p.proceed(r.device.ID, op, reg)
	}
}

// proceed notes that DPS is still assigning a device, for this request and those
// after it.
func (p *Provisioner) proceed(id string, op *operation, reg Registration) {
	op.id = reg.Operation
	op.notBefore = p.client.now().Add(max(cmp.Or(reg.RetryAfter, defaultPollDelay), minPollDelay))
	p.pending.Set(id, *op)
}

func (p *Provisioner) poll(ctx context.Context, d Device, op *operation) (reg Registration, err error) {
	c := call{gate: p.polls, tries: maxPollTries, op: opPoll, device: d.ID}
	err = p.try(ctx, c, func(ctx context.Context) (err error) {
		now := p.client.now()
		op.polled = append(recent(op.polled, now), now)
		reg, err = p.client.Operation(ctx, d.withKey(op.secondary), op.id)
		return err
	})
	return reg, err
}

// nextPoll says how long to wait before the next poll: as DPS asked, unless that
// is too late for the one who waits and a poll just in time is still allowed.
func nextPoll(now time.Time, op *operation, answerBy time.Time) time.Duration {
	asked := max(op.notBefore.Sub(now), 0)
	if answerBy.IsZero() {
		return asked
	}
	inTime := answerBy.Add(-answerMargin).Sub(now)
	if asked <= inTime || inTime <= 0 {
		return asked
	}
	at := now.Add(inTime)
	polls := recent(op.polled, at)
	if len(polls) >= maxPolls || len(polls) > 0 && at.Sub(polls[len(polls)-1]) < minPollDelay {
		return asked
	}
	return inTime
}

// recent returns the polls that count for DPS's limit at time t.
func recent(polls []time.Time, t time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(polls), func(at time.Time) bool { return t.Sub(at) >= pollWindow })
}

// pendingError says that a device is still being assigned, and when to ask again.
func (p *Provisioner) pendingError(id string) *Error {
	e := &Error{Op: opRegister, Device: id, Kind: Pending, RetryAfter: defaultPollDelay}
	if op, ok := p.pending.Get(id); ok {
		e.RetryAfter = max(op.notBefore.Sub(p.client.now()), minPollDelay)
	}
	return e
}

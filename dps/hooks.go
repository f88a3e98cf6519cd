package dps

import (
	"context"
	"strings"
	"time"
)

// reRegisterAfter is how long a registration that no hub has confirmed stands: a
// device that its hub refuses sooner is not registered again, because the hub's
// answer is then the truth.
const reRegisterAfter = time.Minute

// The methods of this file are hooks for a long-running service; see the package
// documentation.

// Cached returns the remembered assignment of a device, without a call.
func (p *Provisioner) Cached(id string) (*Assignment, bool) { return p.assigned.Get(id) }

// Remember stores an assignment that was found without DPS, for example because
// a hub accepted the device's event.
func (p *Provisioner) Remember(id string, a *Assignment) { p.assigned.Set(strings.Clone(id), a) }

// Registered reports whether the assignment comes from a registration and not
// from a look-up: the device was not assigned before.
func (a *Assignment) Registered() bool { return a.registered != 0 }

// Confirm notes that the hub has accepted an event by this assignment. Reassign
// then takes a later refusal for a move of the device.
func (a *Assignment) Confirm() {
	if !a.confirmed.Load() { // a read is cheaper where many confirm
		a.confirmed.Store(true)
	}
}

// Refused gives the refusal of a device that DPS has given a short while ago, and that a call to it would repeat; nil
// where there is none. DPS is not asked.
func (p *Provisioner) Refused(d Device) error {
	_, err := p.remembered(request{device: d})
	return err
}

// HasRefusals tells whether Refused may give anything at all.
func (p *Provisioner) HasRefusals() bool { return p.refused.Len() > 0 }

// AssignBy is Assign for somebody who stops waiting at answerBy: DPS's
// Retry-After is kept unless it would end after answerBy while one more poll,
// within DPS's limit, could still be in time. The call itself goes on until ctx
// ends. The zero time means that nobody stops waiting.
func (p *Provisioner) AssignBy(ctx context.Context, d Device, answerBy time.Time) (*Assignment, error) {
	return p.assign(ctx, request{device: d, answerBy: answerBy})
}

// Settling reports whether a hub may refuse a device by a only because it has not
// heard of it yet: DPS registered the device less than a minute ago, and no hub
// has confirmed that. age is the time since the registration. Where it is the
// second such registration in a row, the hub's refusal is the truth.
func (p *Provisioner) Settling(a *Assignment) (age time.Duration, settling bool) {
	if !a.unproven() || a.repeated {
		return 0, false
	}
	age = p.age(a)
	return age, age < reRegisterAfter
}

// unproven reports whether a is a registration that no hub has confirmed.
func (a *Assignment) unproven() bool { return a.registered != 0 && !a.confirmed.Load() }

func (p *Provisioner) age(a *Assignment) time.Duration {
	return time.Duration(p.client.now().Unix()-a.registered) * time.Second
}

// Reassign finds another assignment for a device whose hub does not know it (401
// or 404: the device has moved), by look-up, else by registration. All who come
// with the same stale assignment share one registration. Where stale is a
// registration of the last minute that was never confirmed, there is nothing
// better to be had: ok is false and err is nil.
func (p *Provisioner) Reassign(ctx context.Context, d Device, stale *Assignment, answerBy time.Time) (
	a *Assignment, ok bool, err error,
) {
	if stale.unproven() && p.age(stale) < reRegisterAfter {
		return nil, false, nil
	}
	if current, has := p.assigned.Get(d.ID); has && current == stale {
		p.assigned.Delete(d.ID)
	}
	a, err = p.assign(ctx, request{device: d, answerBy: answerBy, stale: stale})
	return a, err == nil, err
}

// FindMoved asks whether a device whose hub does not answer is assigned to
// another one by now; moved is false where it is not, or where it was asked less
// than Options.RefusalTTL ago. It costs a look-up at most: a registration would
// be too much for what may be a short outage.
func (p *Provisioner) FindMoved(ctx context.Context, d Device, silent *Assignment) (
	a *Assignment, moved bool, err error,
) {
	if a, ok := p.assigned.Get(d.ID); ok && a.Hub != silent.Hub {
		return a, true, nil
	}
	if _, checked := p.checked.Get(d.ID); checked {
		return nil, false, nil
	}
	p.checked.Set(strings.Clone(d.ID), struct{}{})
	found, err := p.lookup(ctx, d)
	if err != nil || found.Hub == silent.Hub {
		return nil, false, err
	}
	p.Remember(d.ID, found)
	return found, true, nil
}

package dps

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/internal/cache"
)

// Options of a Provisioner. Zero values mean the defaults.
type Options struct {
	// MaxDevices bounds the remembered assignments; 2,000,000.
	MaxDevices int
	// RefusalTTL is how long a refusal is remembered, so that a blocked device
	// cannot storm DPS; 30 s.
	RefusalTTL time.Duration
	// AttemptTimeout bounds the first try of a call, so that a hang does not take
	// the whole budget of a request; later tries have more. 2.5 s.
	AttemptTimeout time.Duration
}

const (
	defaultMaxDevices     = 2_000_000
	defaultRefusalTTL     = 30 * time.Second
	defaultAttemptTimeout = 2500 * time.Millisecond
	operationTTL          = 10 * time.Minute
	longestFlight         = 5 * time.Minute // where the caller's context has no deadline
	// A device whose fresh assignment its hub refuses is not registered again
	// before this: the hub's answer is then the truth.
	reRegisterAfter = time.Minute
)

// Provisioner knows where the devices of one DPS instance are assigned. What it
// remembers is a hint: it may be lost at any time and costs a look-up then.
type Provisioner struct {
	client  *Client
	timeout time.Duration

	assigned *cache.Cache[*Assignment]
	refused  *cache.Cache[refusal]
	pending  *cache.Cache[operation]
	asked    *cache.Cache[struct{}] // devices that were looked up because their hub was silent

	puts, polls, lookups gate
	secondary            atomic.Bool // which key DPS took last

	mu      sync.Mutex
	flights map[string]*flight // bounded by the calls under way
}

type refusal struct {
	err *Error
	by  Device // with another credential it is asked about anew
}

// operation is a registration that is still under way.
type operation struct {
	id        string
	secondary bool
	asked     []time.Time // the last polls, for DPS's limit
	next      time.Time   // DPS wants no poll before
}

// flight is the provisioning of one device, for all who wait for it.
type flight struct {
	done      chan struct{}
	result    *Assignment
	err       error
	outOfTime bool // the leader's own context ended; another may go on
}

// NewProvisioner makes a Provisioner that calls DPS through c.
func NewProvisioner(c *Client, o Options) *Provisioner {
	if o.MaxDevices == 0 {
		o.MaxDevices = defaultMaxDevices
	}
	if o.RefusalTTL == 0 {
		o.RefusalTTL = defaultRefusalTTL
	}
	if o.AttemptTimeout == 0 {
		o.AttemptTimeout = defaultAttemptTimeout
	}
	return &Provisioner{
		client:   c,
		timeout:  o.AttemptTimeout,
		assigned: cache.New[*Assignment](o.MaxDevices, 0),
		refused:  cache.New[refusal](100_000, o.RefusalTTL),
		pending:  cache.New[operation](100_000, operationTTL),
		asked:    cache.New[struct{}](100_000, o.RefusalTTL),
		flights:  map[string]*flight{},
		puts:     newGate(), polls: newGate(), lookups: newGate(),
	}
}

// Cached gives the assignment of a device as far as it is remembered.
func (p *Provisioner) Cached(id string) (*Assignment, bool) { return p.assigned.Get(id) }

// Learn remembers an assignment that was found without DPS.
func (p *Provisioner) Learn(id string, a *Assignment) { p.assigned.Set(strings.Clone(id), a) }

// Assign gives the hub of a device: from memory, else by look-up, else by
// registration. It waits until ctx ends at the most.
//
// answerBy is when the one who waits for the result gives up; the zero time
// means that nobody does. DPS's Retry-After is kept unless it would pass
// answerBy while one more poll, within DPS's limit, could still be in time.
//
// Its errors are *Error, and *PendingError when ctx ended while DPS was still
// assigning.
func (p *Provisioner) Assign(ctx context.Context, d Device, answerBy time.Time) (*Assignment, error) {
	return p.join(ctx, d, answerBy, nil)
}

// Replace gives another assignment for a device whose hub refused the one that
// was used (401 or 404: the device has moved). All who come with the same stale
// assignment share one re-provisioning. Where the stale assignment is a fresh
// registration that never worked, there is nothing better to be had: ok is
// false.
func (p *Provisioner) Replace(ctx context.Context, d Device, stale *Assignment, answerBy time.Time) (a *Assignment, ok bool, err error) {
	now := p.client.now().Unix()
	if stale.registered != 0 && !stale.worked.Load() && now-stale.registered < int64(reRegisterAfter/time.Second) {
		return nil, false, nil
	}
	if current, has := p.assigned.Get(d.ID); has && current == stale {
		p.assigned.Delete(d.ID)
	}
	a, err = p.join(ctx, d, answerBy, stale)
	return a, err == nil, err
}

// Elsewhere asks whether a device whose hub does not answer is assigned to another
// one by now. It costs a look-up, for a device once in a while; a registration
// would be too much for what may be a short outage.
func (p *Provisioner) Elsewhere(ctx context.Context, d Device, silent *Assignment) (*Assignment, bool) {
	if a, ok := p.assigned.Get(d.ID); ok && a.Hub != silent.Hub {
		return a, true
	}
	if _, asked := p.asked.Get(d.ID); asked {
		return nil, false
	}
	p.asked.Set(strings.Clone(d.ID), struct{}{})
	found, err := p.lookup(ctx, d)
	if err != nil || found.Hub == silent.Hub {
		return nil, false
	}
	p.Learn(d.ID, found)
	return found, true
}

// join leads the flight of a device, or waits for the one that is under way.
func (p *Provisioner) join(ctx context.Context, d Device, answerBy time.Time, stale *Assignment) (*Assignment, error) {
	for {
		if a, ok := p.assigned.Get(d.ID); ok && a != stale {
			return a, nil
		}
		if r, ok := p.refused.Get(d.ID); ok && r.by.Same(d) {
			return nil, r.err
		}
		p.mu.Lock()
		f, under := p.flights[d.ID]
		if !under {
			f = &flight{done: make(chan struct{})}
			d.ID = strings.Clone(d.ID) // it stays in the caches, its request must not
			p.flights[d.ID] = f
			p.mu.Unlock()
			p.lead(ctx, f, d, answerBy, stale)
			return f.result, f.err
		}
		p.mu.Unlock()
		select {
		case <-f.done:
			if !f.outOfTime {
				return f.result, f.err
			}
		case <-ctx.Done():
			return nil, &PendingError{Device: d.ID, RetryAfter: p.untilPoll(d.ID)}
		}
	}
}

func (p *Provisioner) lead(ctx context.Context, f *flight, d Device, answerBy time.Time, stale *Assignment) {
	ctx, cancel := context.WithTimeout(ctx, longestFlight)
	defer cancel()
	f.err = errors.New("dps: the registration was given up") // stands only if provision panics
	defer func() {
		p.mu.Lock()
		delete(p.flights, d.ID)
		p.mu.Unlock()
		close(f.done)
	}()
	if a, ok := p.assigned.Get(d.ID); ok && a != stale { // the flight before this one ended just now
		f.result, f.err = a, nil
		return
	}
	f.result, f.err = p.provision(ctx, d, answerBy, stale)
	switch err := f.err.(type) { //nolint:errorlint // provision's errors are not wrapped
	case nil:
		p.assigned.Set(d.ID, f.result)
	case *PendingError:
		f.outOfTime = true
	case *Error:
		if err.Retryable() {
			f.outOfTime = ctx.Err() != nil || err.Kind == Throttled
		} else {
			p.refused.Set(d.ID, refusal{err, d})
		}
	}
}

// provision finds or makes the assignment of a device.
func (p *Provisioner) provision(ctx context.Context, d Device, answerBy time.Time, stale *Assignment) (*Assignment, error) {
	if op, ok := p.pending.Get(d.ID); ok {
		return p.await(ctx, d, op, answerBy)
	}
	found, err := p.lookup(ctx, d)
	switch {
	case err == nil && (stale == nil || found.Hub != stale.Hub || found.Secondary != stale.Secondary):
		return found, nil
	case err != nil && !goesOnToRegister(err):
		return nil, err
	}
	return p.register(ctx, d, answerBy)
}

// goesOnToRegister says after which failed look-ups a registration may still
// succeed. How DPS answers a look-up of a device that it never saw is not
// documented, and may be 401 as well; the registration is the authority.
func goesOnToRegister(err error) bool {
	var failed *Error
	if !errors.As(err, &failed) {
		return true // ErrNotAssigned
	}
	switch failed.Kind {
	case Disabled, Throttled, UnknownScope, Refused:
		return false
	case Unavailable, Unauthorized, NotEnrolled, Invalid, Malformed:
	}
	return true
}

func (p *Provisioner) lookup(ctx context.Context, d Device) (found *Assignment, err error) {
	err = p.withKeys(d, func(d Device, secondary bool) error {
		return p.try(ctx, &p.lookups, 3, "look-up", d.ID, func(ctx context.Context) error {
			found, err = p.client.Lookup(ctx, d)
			if err == nil {
				found.Secondary = secondary
			}
			return err
		})
	})
	return found, err
}

// register asks for an assignment and waits for it.
func (p *Provisioner) register(ctx context.Context, d Device, answerBy time.Time) (*Assignment, error) {
	for again := true; ; again = false {
		var reg Registration
		var secondary bool
		err := p.withKeys(d, func(d Device, second bool) error {
			secondary = second
			return p.try(ctx, &p.puts, 8, "register", d.ID, func(ctx context.Context) (err error) {
				reg, err = p.client.Register(ctx, d)
				return err
			})
		})
		var a *Assignment
		switch {
		case err == nil && reg.Assignment != nil:
			reg.Assignment.Secondary = secondary
			return reg.Assignment, nil
		case err == nil:
			op := operation{id: reg.Operation, secondary: secondary}
			op.next = p.client.now().Add(pollWait(reg.RetryAfter))
			p.pending.Set(d.ID, op)
			a, err = p.await(ctx, d, op, answerBy)
		}
		if err == nil || !again || !firstTimeFailure(err) {
			return a, err
		}
	}
}

// firstTimeFailure knows the two failures that a second registration heals: IoT
// Central creating the device while it is asked for it ("Custom allocation
// failed with status code: 404", MicrosoftDocs/azure-docs issue 48511), and an
// operation that DPS does not know any more.
func firstTimeFailure(err error) bool {
	var failed *Error
	if !errors.As(err, &failed) {
		return false
	}
	return failed.Kind == Refused && failed.Code == 400207 && strings.Contains(failed.Message, "404") ||
		failed.Kind == NotEnrolled && failed.Op == "operation"
}

// withKeys makes a call with the key that DPS took last and, where DPS refuses
// it, with the other one. DPS may hold on to the key of a device's first
// registration for half an hour (azure-iot-sdk-node issue 721), so both are
// always worth a try.
func (p *Provisioner) withKeys(d Device, call func(d Device, secondary bool) error) error {
	if d.SecondaryKey.IsZero() || d.Certificate != nil {
		return call(d, false)
	}
	secondary := p.secondary.Load()
	err := call(d.withKey(secondary), secondary)
	var failed *Error
	if !errors.As(err, &failed) || failed.Kind != Unauthorized {
		return err
	}
	other := call(d.withKey(!secondary), !secondary)
	if errors.As(other, &failed) && failed.Kind == Unauthorized {
		return err
	}
	p.secondary.Store(!secondary)
	return other
}

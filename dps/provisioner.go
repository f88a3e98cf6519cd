package dps

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"mayfly/internal/backoff"
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

	maxRemembered = 100_000          // refusals, pending operations and checked devices, each
	operationTTL  = 10 * time.Minute // of a pending operation
	maxFlight     = 5 * time.Minute  // where the caller's context has no deadline

	minFailedDelay = time.Second // before a second registration, where the first one failed for now

	// A call that DPS does not answer is tried this often.
	maxLookupTries   = 3
	maxRegisterTries = 8
	maxPollTries     = 8
)

// Provisioner knows where the devices of one DPS instance are assigned. What it
// remembers is a hint: it may be lost at any time and costs a look-up then.
type Provisioner struct {
	client         *Client
	attemptTimeout time.Duration
	jitter         backoff.Policy

	assigned *cache.Cache[*Assignment]
	refused  *cache.Cache[refusal]
	pending  *cache.Cache[operation]
	checked  *cache.Cache[struct{}] // devices that FindMoved has looked up
	flights  flights

	lookups, registrations, polls *gate

	secondary atomic.Bool // DPS accepted the secondary key last
}

// refusal is an error that holds for the credential that was refused: with
// another one DPS is asked anew.
type refusal struct {
	err *Error
	of  Device
}

// NewProvisioner makes a Provisioner that calls DPS through c.
func NewProvisioner(c *Client, o Options) *Provisioner {
	if o.MaxDevices <= 0 {
		o.MaxDevices = defaultMaxDevices
	}
	if o.RefusalTTL <= 0 {
		o.RefusalTTL = defaultRefusalTTL
	}
	if o.AttemptTimeout <= 0 {
		o.AttemptTimeout = defaultAttemptTimeout
	}
	return &Provisioner{
		client:         c,
		attemptTimeout: min(o.AttemptTimeout, maxFlight),
		jitter:         backoff.Jitter,
		assigned:       cache.New[*Assignment](o.MaxDevices, 0),
		refused:        cache.New[refusal](maxRemembered, o.RefusalTTL),
		pending:        cache.New[operation](maxRemembered, operationTTL),
		checked:        cache.New[struct{}](maxRemembered, o.RefusalTTL),
		lookups:        newGate(c.now),
		registrations:  newGate(c.now),
		polls:          newGate(c.now),
	}
}

// Assign returns the hub of a device: from memory, else by look-up, else by
// registration. It waits until ctx ends at most, and 5 minutes where ctx has no
// deadline.
//
// Its errors are *Error. Kind Pending says that ctx left no time for the end of
// the registration; the next Assign of the device resumes it.
func (p *Provisioner) Assign(ctx context.Context, d Device) (*Assignment, error) {
	return p.AssignBy(ctx, d, time.Time{})
}

// request is one wish for an assignment.
type request struct {
	device   Device
	answerBy time.Time   // when the one who waits gives up; zero: nobody does
	stale    *Assignment // the one that is known not to work, or nil
}

// assign answers from memory, leads the flight of the device, or waits for the
// one that is under way.
func (p *Provisioner) assign(ctx context.Context, r request) (*Assignment, error) {
	for {
		if a, err := p.remembered(r); a != nil || err != nil {
			return a, err
		}
		f, leads := p.flights.join(r.device.ID)
		if leads {
			p.lead(ctx, f, r)
			return f.assignment, f.err
		}
		select {
		case <-f.done:
			if !f.unfinished {
				return f.assignment, f.err
			}
		case <-ctx.Done():
			return nil, p.pendingError(r.device.ID)
		}
	}
}

// remembered returns what is known of a device without a call, or nothing.
func (p *Provisioner) remembered(r request) (*Assignment, error) {
	if a, ok := p.assigned.Get(r.device.ID); ok && a != r.stale {
		return a, nil
	}
	if refused, ok := p.refused.Get(r.device.ID); ok && refused.of.Same(r.device) {
		return nil, refused.err
	}
	return nil, nil
}

// lead provisions a device for all who wait for its flight, and remembers the
// result.
func (p *Provisioner) lead(ctx context.Context, f *flight, r request) {
	ctx, cancel := context.WithTimeout(ctx, maxFlight)
	defer cancel()
	defer p.flights.land(f)
	r.device.ID = strings.Clone(r.device.ID) // it stays in the caches, the text that it is cut from must not

	if a, ok := p.assigned.Get(r.device.ID); ok && a != r.stale {
		f.assignment = a // the flight before this one has just ended
		return
	}
	f.err = errGivenUp // stands only if provision panics
	f.assignment, f.err = p.provision(ctx, r)
	failed, _ := errors.AsType[*Error](f.err)
	switch {
	case failed == nil:
		p.assigned.Set(r.device.ID, f.assignment)
	case !failed.Retryable():
		p.refused.Set(r.device.ID, refusal{failed, r.device})
	default:
		// Others may have more time than the leader had.
		f.unfinished = ctx.Err() != nil || failed.Kind != Unavailable && failed.Kind != Failed
	}
}

var errGivenUp = errors.New("dps: the registration was given up")

// provision finds or makes the assignment of a device.
func (p *Provisioner) provision(ctx context.Context, r request) (*Assignment, error) {
	if op, ok := p.pending.Get(r.device.ID); ok {
		return p.register(ctx, r, op)
	}
	found, err := p.lookup(ctx, r.device)
	switch {
	case err == nil && (r.stale == nil || found.Hub != r.stale.Hub || found.Secondary != r.stale.Secondary):
		return found, nil
	case err != nil && !mayRegister(err):
		return nil, err
	}
	a, err := p.register(ctx, r, operation{})
	if a != nil && r.stale != nil {
		a.repeated = r.stale.unproven()
	}
	return a, err
}

// mayRegister says after which failed look-ups a registration may still succeed.
// How DPS answers a look-up of a device that it never saw is not documented, and
// may be 401 as well; the registration is the authority.
func mayRegister(err error) bool {
	failed, _ := errors.AsType[*Error](err)
	switch failed.Kind {
	case Disabled, Throttled, UnknownScope, Refused, Pending:
		return false
	case Unavailable, Failed, Unauthorized, NotAssigned, NotEnrolled, Misconfigured, Invalid, Malformed:
	}
	return true
}

func (p *Provisioner) lookup(ctx context.Context, d Device) (found *Assignment, err error) {
	err = p.withKeys(d, func(d Device, secondary bool) error {
		c := call{gate: p.lookups, tries: maxLookupTries, op: opLookup, device: d.ID}
		return p.try(ctx, c, func(ctx context.Context) error {
			found, err = p.client.Lookup(ctx, d)
			if err == nil {
				found.Secondary = secondary
			}
			return err
		})
	})
	return found, err
}

// register brings a registration to its end: one that is under way, or a new one
// where op has no id. A failure that a second registration may heal is healed
// once, however many requests the registration has outlived by then.
func (p *Provisioner) register(ctx context.Context, r request, op operation) (*Assignment, error) {
	for {
		var a *Assignment
		var err error
		if op.id == "" {
			a, err = p.begin(ctx, r.device, &op)
		}
		if a == nil && err == nil {
			a, err = p.await(ctx, r, &op)
		}
		failed, _ := errors.AsType[*Error](err)
		if failed == nil || op.repeated || !failed.curable() {
			return a, err
		}
		if failed.Kind == Failed && !backoff.Sleep(ctx, p.failedDelay(failed)) {
			return nil, err
		}
		op = operation{repeated: true}
	}
}

// failedDelay is the time from a registration that failed for a reason that passes
// to the next one.
func (p *Provisioner) failedDelay(failed *Error) time.Duration {
	return max(failed.RetryAfter, minFailedDelay+p.jitter(0, minFailedDelay, minFailedDelay))
}

// begin asks for an assignment. DPS gives it at once, or an operation to wait
// for.
func (p *Provisioner) begin(ctx context.Context, d Device, op *operation) (*Assignment, error) {
	var reg Registration
	err := p.withKeys(d, func(d Device, secondary bool) error {
		op.secondary = secondary
		c := call{gate: p.registrations, tries: maxRegisterTries, op: opRegister, device: d.ID}
		return p.try(ctx, c, func(ctx context.Context) (err error) {
			reg, err = p.client.Register(ctx, d)
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case reg.Assignment != nil:
		reg.Assignment.Secondary = op.secondary
		return reg.Assignment, nil
	}
	p.proceed(d.ID, op, reg)
	return nil, nil
}

// withKeys makes a call with the key that DPS accepted last and, where DPS
// refuses it, with the other one. DPS may hold on to the key of a device's first
// registration for half an hour (azure-iot-sdk-node issue 721), so both are
// always worth a try.
func (p *Provisioner) withKeys(d Device, call func(d Device, secondary bool) error) error {
	if d.SecondaryKey.IsZero() || d.Certificate != nil {
		return call(d, false)
	}
	secondary := p.secondary.Load()
	err := call(d.withKey(secondary), secondary)
	if !errors.Is(err, Unauthorized) {
		return err
	}
	other := call(d.withKey(!secondary), !secondary)
	if errors.Is(other, Unauthorized) {
		return err
	}
	p.secondary.Store(!secondary)
	return other
}

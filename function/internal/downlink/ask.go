package downlink

import (
	"context"
	"sync"
	"time"

	"mayfly/internal/cache"
	"mayfly/transform/downlink"
)

// maxAsked is how many devices are remembered as asked for. One that is pushed out is asked for anew.
const maxAsked = 100_000

// Ask is a question for what waits for one device.
type Ask struct {
	Source          string // of the request, for counters and the log
	Fleet, DeviceID string
	LogName         string // of the device in the log
	RequestID       string
	Mailbox         Mailbox

	// Wanted says that the request asks for messages. Else the hub is asked once per Every at most; never where that
	// is 0.
	Wanted bool
	Every  time.Duration

	Until time.Time     // when the one who asks stops waiting for the answer
	Wait  time.Duration // how long to look for a message again where none waits
	// Client ends where nobody waits for the answer any more; Stop is closed when the process stops. Both may be nil.
	Client context.Context //nolint:containedctx // it is looked at and not handed on
	Stop   <-chan struct{}

	Max, MaxBytes int // of the messages
	// Fit says what becomes of a message before it is delivered: one that cannot be is rejected or given back. May be
	// nil.
	Fit func(*downlink.Message) Result
}

func (a *Ask) key() string { return a.Fleet + "\x00" + a.DeviceID }

func (a *Ask) gone() bool { return a.Client != nil && a.Client.Err() != nil }

// asked remembers when the hub was asked for a device.
type asked struct {
	mu   sync.Mutex
	last *cache.Cache[time.Time]
}

// again notes that a device is asked for now, unless it was within every. An every of 0 means that it does not matter.
func (a *asked) again(key string, now time.Time, every time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = cache.New[time.Time](maxAsked, 0)
	}
	last, ok := a.last.Get(key)
	if since := now.Sub(last); ok && since >= 0 && since < every {
		return false
	}
	a.last.Set(key, now)
	return true
}

// due tells whether the hub is to be asked now, and remembers that it is.
func (d *Dispatcher) due(ask *Ask) bool {
	now := d.now()
	if ask.Until.Sub(now) < MinPatience || ask.gone() {
		return false
	}
	switch {
	case ask.Wanted:
		return d.asked.again(ask.key(), now, 0)
	case ask.Every > 0:
		return d.asked.again(ask.key(), now, ask.Every)
	}
	return false
}

// enterWait gives the time until which a message is waited for, and takes a place for it. Where there is none, that
// is now.
func (d *Dispatcher) enterWait(ask *Ask) (leave func(), end time.Time) {
	now := d.now()
	end = now.Add(ask.Wait)
	if latest := ask.Until.Add(-MinPatience); end.After(latest) {
		end = latest
	}
	if !end.After(now) {
		return func() {}, now
	}
	select {
	case d.waiting <- struct{}{}:
		return func() { <-d.waiting }, end
	default:
		return func() {}, now
	}
}

// sleep waits for the next look. It returns false where there is none.
func (a *Ask) sleep(ctx context.Context, pause time.Duration) bool {
	if pause <= 0 {
		return false
	}
	var gone <-chan struct{}
	if a.Client != nil {
		gone = a.Client.Done()
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-gone:
	case <-a.Stop:
	case <-ctx.Done():
	}
	return false
}

// turns lets one request at a time have the messages of a device, so that they are delivered in their order.
type turns struct {
	mu   sync.Mutex
	open map[string]*turn // bounded by the requests under way
}

type turn struct {
	free  chan struct{} // holds one token
	users int
}

// enter waits for the turn of a device, as long as the one who asks has time.
func (t *turns) enter(ctx context.Context, ask *Ask) (leave func(), ok bool) {
	key := ask.key()
	t.mu.Lock()
	if t.open == nil {
		t.open = map[string]*turn{}
	}
	one := t.open[key]
	if one == nil {
		one = &turn{free: make(chan struct{}, 1)}
		one.free <- struct{}{}
		t.open[key] = one
	}
	one.users++
	t.mu.Unlock()
	done := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(t.open, key)
		}
	}
	select {
	case <-one.free:
	default:
		ctx, cancel := context.WithDeadline(ctx, ask.Until.Add(-MinPatience))
		defer cancel()
		var gone <-chan struct{}
		if ask.Client != nil {
			gone = ask.Client.Done()
		}
		select {
		case <-one.free:
		case <-gone:
			done()
			return nil, false
		case <-ask.Stop:
			done()
			return nil, false
		case <-ctx.Done():
			done()
			return nil, false
		}
	}
	return sync.OnceFunc(func() { one.free <- struct{}{}; done() }), true
}

package httpsend

import (
	"sync"
	"time"
)

const (
	// A circuit opens after this many failures in a row over this long: a hub
	// that is down, not one that is troubled. Likewise nothing new is sent while so
	// many calls have waited for so long and nobody got an answer: a hub that hangs.
	openAfterFailures = 10
	openAfterTime     = 3 * time.Second
	minOpen           = time.Second
	maxOpen           = 15 * time.Second
	maxHubs           = 1000
)

// circuits keeps one circuit per hub.
type circuits struct {
	mu   sync.Mutex
	hubs map[string]*circuit
}

func (cs *circuits) of(hub string) *circuit {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.hubs[hub]
	if !ok {
		if cs.hubs == nil || len(cs.hubs) >= maxHubs {
			cs.hubs = map[string]*circuit{}
		}
		c = &circuit{}
		cs.hubs[hub] = c
	}
	return c
}

// circuit stops calls to a hub that has been down for a while, so that requests
// do not pile up waiting for it. While it is open, one call at a time probes.
type circuit struct {
	mu       sync.Mutex
	failures int       // in a row
	since    time.Time // of the first of them
	open     time.Duration
	until    time.Time // before which no call is let through
	answered time.Time // when the hub last answered, with any status
	cause    error     // of the last failure without an answer, or nil

	calls   map[int]time.Time // that wait for their answer, and when they began
	counter int               // of calls
	pause   time.Duration     // between two new calls while the hub hangs
	next    time.Time         // before which there is none then
}

// blocked returns the time until the hub may be called again; 0 lets the call
// through.
func (c *circuit) blocked(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tripped(now)
}

// admit is like blocked, for a request of which nothing was sent yet. Where the hub
// hangs it lets a call through now and then, so that those that wait do not become
// more and more.
func (c *circuit) admit(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.open != 0:
		return c.tripped(now)
	case !c.hangs(now):
		c.pause = 0
		return 0
	case c.pause == 0:
		c.pause = minOpen
		c.next = now.Add(c.pause)
		return c.pause
	}
	if wait := c.next.Sub(now); wait > 0 {
		return wait
	}
	c.pause = min(c.pause*2, maxOpen)
	c.next = now.Add(c.pause)
	return 0
}

func (c *circuit) tripped(now time.Time) time.Duration {
	if c.open == 0 {
		return 0
	}
	if wait := c.until.Sub(now); wait > 0 {
		return wait
	}
	c.until = now.Add(c.open) // this call probes, the others keep waiting
	return 0
}

// hangs reports whether enough calls have waited long enough without an answer to
// anybody.
func (c *circuit) hangs(now time.Time) bool {
	if len(c.calls) < openAfterFailures || now.Sub(c.answered) < openAfterTime {
		return false
	}
	waited := 0
	for _, began := range c.calls {
		if now.Sub(began) >= openAfterTime {
			waited++
		}
	}
	return waited >= openAfterFailures
}

// begin notes a call that goes out. end has to be called when it has ended.
func (c *circuit) begin(now time.Time) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = map[int]time.Time{}
	}
	c.counter++
	id := c.counter
	c.calls[id] = now
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.calls, id)
	}
}

// record notes the result of a call that was not cut short. Any answer but 5xx
// shows that the hub is up.
func (c *circuit) record(now time.Time, err *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil || err.Status != 0 {
		c.answered = now
	}
	if err == nil || err.Kind != Unavailable {
		c.failures, c.open = 0, 0
		return
	}
	if c.failures == 0 {
		c.since = now
	}
	c.failures++
	c.cause = err.Err
	if c.failures >= openAfterFailures && now.Sub(c.since) >= openAfterTime {
		c.open = min(max(c.open*2, minOpen), maxOpen)
		c.until = now.Add(c.open)
	}
}

// lastCause returns why the last failed call got no answer, or nil.
func (c *circuit) lastCause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// answeredSince reports whether the hub has answered anybody since t.
func (c *circuit) answeredSince(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered.After(t)
}

package worker

import (
	"sync"
	"time"
)

const (
	minWait = time.Second      // of the first closing of a gate that nobody names a time for
	maxWait = 10 * time.Second // and of the last: a hub that is back is found so soon
	// Deliveries elsewhere in this time show that what fails is one of several.
	recent    = time.Minute
	maxScopes = 1000
)

// gates keep items from what cannot take them: a hub that is down, throttles or has no quota left, a DPS, a store of
// keys. Once the time of a gate is over one group of items probes, and the others wait for how it fares. A hub that
// throttles is tried by fewer groups at a time, and by one more after each round that it takes.
type gates struct {
	mu     sync.Mutex
	now    func() time.Time
	places int // groups at a time
	scopes map[string]*gate
	told   func(scope string, wait time.Duration, reason string) // wait 0: it is open again
}

type gate struct {
	until    time.Time
	failures int // closings in a row
	probing  bool
	running  int
	limit    float64
	stored   time.Time // when something was last delivered
	told     time.Time // when the log was last told
	changed  chan struct{}
}

func newGates(places int, now func() time.Time, told func(string, time.Duration, string)) *gates {
	return &gates{now: now, places: places, scopes: map[string]*gate{}, told: told}
}

func (gs *gates) of(scope string) *gate {
	g := gs.scopes[scope]
	if g == nil {
		if len(gs.scopes) >= maxScopes {
			for name, old := range gs.scopes {
				if old.running == 0 && old.failures == 0 {
					delete(gs.scopes, name)
				}
			}
		}
		g = &gate{limit: float64(gs.places), changed: make(chan struct{})}
		gs.scopes[scope] = g
	}
	return g
}

// enter lets a group through, or tells how long it has to wait at least, and what tells that the gate has changed.
func (gs *gates) enter(scope string) (wait time.Duration, changed <-chan struct{}, ok bool) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g, now := gs.of(scope), gs.now()
	switch wait := g.until.Sub(now); {
	case wait > 0:
		return wait, g.changed, false
	case g.failures > 0 && g.probing, g.running >= int(g.limit):
		return maxWait, g.changed, false
	}
	g.probing = g.failures > 0
	g.running++
	return 0, nil, true
}

// leave tells how a group that was let through has fared: delivered says that something was stored.
func (gs *gates) leave(scope string, delivered bool) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.left(scope, delivered)
}

// fail is leave after a failure that closes a gate, which need not be the one that let the group through. It tells
// whether that gate is closed now. Nobody comes through in between.
func (gs *gates) fail(scope string, delivered bool, v *verdict, began time.Time) (closed bool) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.left(scope, delivered)
	return gs.shut(v, began)
}

func (gs *gates) left(scope string, delivered bool) {
	g := gs.of(scope)
	g.running--
	g.probing = false
	if delivered {
		if g.failures > 0 {
			gs.told(scope, 0, "")
			g.told = time.Time{}
		}
		g.failures, g.until, g.stored = 0, time.Time{}, gs.now()
		g.limit = min(g.limit+1/g.limit, float64(gs.places))
	}
	g.signal()
}

// shut closes the gate of a verdict for a time; what is zero is chosen by how often it has been closed in a row. began
// is when the try began that failed: where others were delivered since then, the gate stays open, and shut tells so.
func (gs *gates) shut(v *verdict, began time.Time) (closed bool) {
	g, now := gs.of(v.scope), gs.now()
	if !v.certain && g.stored.After(began) {
		return false
	}
	wait := v.after
	if wait <= 0 {
		wait = min(minWait<<min(g.failures, 10), maxWait)
	}
	if until := now.Add(wait); until.After(g.until) {
		g.until = until
	}
	if g.failures == 0 && now.Sub(g.told) >= recent {
		g.told = now // a hub that throttles closes its gate again and again
		gs.told(v.scope, wait, v.reason)
	}
	if v.throttled {
		g.limit = max(g.limit/2, 1)
	} else {
		g.failures++
	}
	g.signal()
	return true
}

func (g *gate) signal() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// closed tells how long a gate stays closed, and whether it is the only way that items take: nothing was delivered by
// another one of late.
func (gs *gates) closed(scope string) (wait time.Duration, alone bool) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	return gs.of(scope).until.Sub(gs.now()), gs.alone(scope)
}

func (gs *gates) alone(scope string) bool {
	now := gs.now()
	for name, g := range gs.scopes {
		if name != scope && now.Sub(g.stored) < recent {
			return false
		}
	}
	return true
}

// pause tells how long nothing need be received: everything that is known is closed. It is never for long: what comes
// meanwhile may be for a hub that nobody knows of yet.
func (gs *gates) pause() time.Duration {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	now := gs.now()
	for scope, g := range gs.scopes {
		if wait := g.until.Sub(now); wait > 0 && wait <= maxHold && gs.alone(scope) {
			return wait
		}
	}
	return 0
}

package httpsend

import (
	"sync"
	"time"

	"mayfly/internal/backoff"
)

const (
	minGatePause = time.Second
	maxGatePause = time.Minute
	// closeAfterFailures is how many calls in a row get no answer before the gate closes.
	closeAfterFailures = 3
)

// gates keeps one gate per hub.
type gates struct {
	mu   sync.Mutex
	hubs map[string]*gate
}

func (gs *gates) of(hub string) *gate {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g, ok := gs.hubs[hub]
	if !ok {
		if gs.hubs == nil || len(gs.hubs) >= maxHubs {
			gs.hubs = map[string]*gate{}
		}
		g = &gate{}
		gs.hubs[hub] = g
	}
	return g
}

// gate spares a hub the calls of receivers after it has throttled one or given no
// answer. It is apart from the circuit of those who send: a hub's quota for receivers is
// one of its own, and what nobody waits for must not delay what somebody does.
type gate struct {
	mu     sync.Mutex
	failed int       // in a row
	until  time.Time // before which nobody receives
	kind   Kind      // of the error that closed it
	cause  error
}

// admit refuses a call while the gate is closed.
func (g *gate) admit(t Target, now time.Time) *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := g.until.Sub(now)
	if wait <= 0 {
		return nil
	}
	return &Error{
		Hub: t.Hub, Device: t.DeviceID, Kind: g.kind, RetryAfter: wait,
		Message: "nobody receives from the hub for a while; nothing was sent", Err: g.cause,
	}
}

// record notes the result of a call. The pauses double; a hub that names a longer one
// is believed.
func (g *gate) record(now time.Time, err *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil || err.Kind != Throttled && err.Kind != Unavailable {
		g.failed = 0
		return
	}
	g.kind, g.cause = Throttled, nil
	g.failed++
	n := g.failed
	if err.Kind == Unavailable {
		g.kind, g.cause = Down, err.Err
		if n -= closeAfterFailures - 1; n < 1 {
			return
		}
	}
	pause := max(backoff.Ceiling(n-1, minGatePause, maxGatePause), min(err.RetryAfter, maxGatePause))
	g.until = now.Add(pause)
}

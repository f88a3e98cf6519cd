package dps

import (
	"context"
	"sync"
	"time"

	"mayfly/internal/backoff"
)

// gate is the budget of one kind of call, shared by all devices. DPS throttles
// the tenant, not the device, and it counts registrations and queries apart
// (azure-iot-sdk-c, pull request 1703): so a 429 closes the gate for everybody,
// and afterwards the calls are let through one by one, closer together with
// each that succeeds.
//
// At most mostAtOnce calls of a kind are under way, so that a cold fleet learns of
// a throttle by a few calls and not by thousands.
type gate struct {
	places chan struct{}

	mu      sync.Mutex
	opens   time.Time     // nobody passes before
	spacing time.Duration // between two calls; 0 while DPS is content
	strikes int           // throttled calls in a row
}

const (
	mostAtOnce   = 32
	firstSpacing = 60 * time.Millisecond // 1,000 calls a minute (azure-docs, includes/iot-dps-limits.md)
	mostSpacing  = 500 * time.Millisecond
	leastClosed  = time.Second // iot-dps/concepts-deploy-at-scale.md: back off for 1 s at least
	mostClosed   = 30 * time.Second
)

func newGate() gate { return gate{places: make(chan struct{}, mostAtOnce)} }

// enter takes a place among the calls under way; leave gives it back.
func (g *gate) enter(ctx context.Context) bool {
	select {
	case g.places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *gate) leave() { <-g.places }

// pass waits for the gate. Where ctx would end first it takes no place in the
// queue and gives the time that is missing.
func (g *gate) pass(ctx context.Context, now time.Time) (wait time.Duration, ok bool) {
	g.mu.Lock()
	wait = max(g.opens.Sub(now), 0)
	if deadline, has := ctx.Deadline(); has && now.Add(wait).After(deadline) {
		g.mu.Unlock()
		return wait, false
	}
	if g.spacing > 0 {
		g.opens = now.Add(wait + g.spacing)
	}
	g.mu.Unlock()
	return wait, backoff.Sleep(ctx, wait)
}

// throttled closes the gate for what DPS asked, or for a while that grows.
func (g *gate) throttled(now time.Time, asked time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if asked == 0 {
		asked = leastClosed + backoff.Jitter(g.strikes, leastClosed/2, mostClosed)
	}
	g.strikes++
	g.spacing = min(max(g.spacing*3/2, firstSpacing), mostSpacing)
	if until := now.Add(asked); until.After(g.opens) {
		g.opens = until
	}
}

// content tells that a call was not throttled.
func (g *gate) content() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.strikes = 0
	if g.spacing = g.spacing * 17 / 20; g.spacing < firstSpacing/8 {
		g.spacing = 0
	}
}

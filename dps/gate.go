package dps

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"mayfly/internal/backoff"
)

const (
	maxParallel = 32                     // calls of a kind at a time
	minSpacing  = 60 * time.Millisecond  // 1,000 calls a minute (azure-docs, includes/iot-dps-limits.md)
	maxSpacing  = 500 * time.Millisecond //
	minClosed   = time.Second            // iot-dps/concepts-deploy-at-scale.md: back off for 1 s at least
	maxClosed   = 30 * time.Second       // where DPS does not say how long
	// maxSilence is how long calls wait for a place while none of those under way gets an
	// answer.
	maxSilence = 5 * time.Second
)

// gate paces one kind of call for all devices. DPS throttles the tenant, not the
// device, and it counts registrations and queries apart (azure-iot-sdk-c, pull
// request 1703): so a 429 closes the gate for everybody, and afterwards the calls
// are let through one by one, closer together with each that succeeds.
//
// At most maxParallel calls are under way, so that a cold fleet learns of a
// throttle by a few calls and not by thousands. These are one wave: however many
// of them are throttled, that is one strike.
type gate struct {
	now    func() time.Time
	jitter backoff.Policy
	slots  chan struct{}

	mu       sync.Mutex
	closings int           // how often the gate was closed
	closed   time.Time     // nobody passes before
	next     time.Time     // nor before this, while calls are spaced
	spacing  time.Duration // between two calls; 0 while DPS does not throttle
	strikes  int           // throttled waves in a row
	full     time.Time     // since when calls have waited for a place without any answer; zero: they have not
}

// turn is the permission to make one call: the number of closings before it.
type turn int

func newGate(now func() time.Time) *gate {
	return &gate{now: now, jitter: backoff.Jitter, slots: make(chan struct{}, maxParallel)}
}

// enter waits for a turn, which the caller gives back with leave. Where ctx would
// end first it returns errNoTurn at once, and the time that is missing. Where DPS hangs
// it returns errSilent.
func (g *gate) enter(ctx context.Context) (t turn, wait time.Duration, err error) {
	if err := g.place(ctx); err != nil {
		return 0, 0, err
	}
	for {
		t, wait, ok := g.reserve(ctx)
		if !ok || !backoff.Sleep(ctx, wait) {
			<-g.slots
			return 0, wait, errNoTurn
		}
		if g.stands(t) {
			return t, 0, nil
		}
	}
}

// place waits for a place among the calls under way.
func (g *gate) place(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	for {
		left := g.patience()
		if left <= 0 {
			return errSilent
		}
		check := time.NewTimer(left)
		select {
		case g.slots <- struct{}{}:
			check.Stop()
			return nil
		case <-ctx.Done():
			check.Stop()
			return errNoTurn
		case <-check.C:
		}
	}
}

// patience is how much longer a call waits for a place, unless some call is answered.
func (g *gate) patience() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if g.full.IsZero() {
		g.full = now
	}
	return g.full.Add(maxSilence).Sub(now)
}

// reserve takes the next place in the queue, unless ctx ends before it comes.
func (g *gate) reserve(ctx context.Context) (t turn, wait time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	opens := latest(now, g.closed, g.next)
	wait = opens.Sub(now)
	if deadline, has := ctx.Deadline(); has && opens.After(deadline) {
		return 0, wait, false
	}
	if g.spacing > 0 {
		g.next = opens.Add(g.spacing)
	}
	return turn(g.closings), wait, true
}

func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

// stands reports whether the gate was not closed since the turn was reserved.
func (g *gate) stands(t turn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return t == turn(g.closings)
}

// leave ends the turn with the result of its call.
func (g *gate) leave(t turn, err error) {
	defer func() { <-g.slots }()
	g.mu.Lock()
	defer g.mu.Unlock()
	failed, _ := errors.AsType[*Error](err)
	if failed == nil || failed.Status != 0 || len(g.slots) == 1 { // an answer, or nobody waits
		g.full = time.Time{}
	}
	current := t == turn(g.closings) // else the call left before the gate was closed: its answer is about the past
	switch {
	case errors.Is(err, Throttled):
		g.throttled(failed.RetryAfter, current)
	case errors.Is(err, Unavailable):
	case current:
		g.strikes = 0
		if g.spacing = g.spacing * 17 / 20; g.spacing < minSpacing/8 {
			g.spacing = 0
		}
	}
}

// throttled closes the gate for as long as DPS asked, or for a while that grows
// with each wave.
func (g *gate) throttled(asked time.Duration, strike bool) {
	if strike && asked == 0 {
		asked = min(minClosed+g.jitter(g.strikes, minClosed/2, maxClosed), maxClosed)
	}
	until := g.now().Add(asked)
	if strike {
		g.strikes++
		g.spacing = min(max(g.spacing*3/2, minSpacing), maxSpacing)
	} else if !until.After(g.closed) {
		return
	}
	g.closings++
	g.closed = latest(g.closed, until)
	g.next = g.closed
}

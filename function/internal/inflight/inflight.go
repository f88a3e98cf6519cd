package inflight

import (
	"errors"
	"sync"
	"time"
)

// presence is how long a tenant that has asked counts as one who may ask again.
const presence = time.Minute

// ErrFull means that all places are taken.
var ErrFull = errors.New("all places are taken")

// ShareError means that a tenant has all the places that one tenant may have.
type ShareError struct{ Tenant string }

// Error names the tenant.
func (e *ShareError) Error() string { return e.Tenant + " has its share of the places" }

// Limiter is a number of places.
type Limiter struct {
	max, share int
	now        func() time.Time

	mu    sync.Mutex
	taken int
	held  map[string]int       // places of each tenant that has one
	asked map[string]time.Time // when each tenant of JoinWhileShared last asked
}

// New returns a limiter of so many places, at least one. now is the clock.
func New(places int, now func() time.Time) *Limiter {
	return &Limiter{
		max: places, share: max(places/2, 1), now: now,
		held: map[string]int{}, asked: map[string]time.Time{},
	}
}

// Share is how many places one tenant may have.
func (l *Limiter) Share() int { return l.share }

// Taken is how many places are taken.
func (l *Limiter) Taken() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken
}

// Place is the place of one request. It is not safe for concurrent use.
type Place struct {
	limiter *Limiter
	tenants []string
}

// Enter takes a place, or returns ErrFull. The caller has to leave it.
func (l *Limiter) Enter() (*Place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken >= l.max {
		return nil, ErrFull
	}
	l.taken++
	return &Place{limiter: l}, nil
}

// Leave gives the place back.
func (p *Place) Leave() {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
	for _, tenant := range p.tenants {
		if l.held[tenant]--; l.held[tenant] == 0 {
			delete(l.held, tenant)
		}
	}
	p.tenants = nil
}

// Join counts the place to a tenant. It returns a *ShareError when the tenant has its
// share already.
func (p *Place) Join(tenant string) error {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	return p.join(tenant, l.share)
}

// JoinWhileShared is like Join, but the tenant may have all places while no other
// tenant has asked in this way for a minute. The tenants have to be few: each is
// remembered.
func (p *Place) JoinWhileShared(tenant string) error {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	now, limit := l.now(), l.max
	for other, at := range l.asked {
		if other != tenant && now.Sub(at) < presence {
			limit = l.share
		}
	}
	l.asked[tenant] = now
	return p.join(tenant, limit)
}

func (p *Place) join(tenant string, limit int) error {
	if p.limiter.held[tenant] >= limit {
		return &ShareError{tenant}
	}
	p.limiter.held[tenant]++
	p.tenants = append(p.tenants, tenant)
	return nil
}

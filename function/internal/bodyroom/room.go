package bodyroom

import (
	"errors"
	"sync"
	"time"
)

// ErrFull means that there is no room for a body, or no longer.
var ErrFull = errors.New("there is no room for the body")

// Room is a number of bytes for the bodies that are being received.
type Room struct {
	max   int64
	now   func() time.Time
	epoch time.Time

	mu      sync.Mutex
	held    int64
	senders map[string]*sender
}

// sender is one sender with at least one open body.
type sender struct {
	use    usage
	bodies map[*Body]struct{}
}

// usage is bytes and their ages, so that the cost of many bodies is known without
// looking at each.
type usage struct {
	held  int64
	began float64 // sum of bytes times the second in which their body began
}

// cost is the sum of bytes times age in seconds. A millisecond is added, so that
// among bodies that begin together the largest is the dearest.
func (u usage) cost(second float64) float64 { return float64(u.held)*(second+0.001) - u.began }

func (u *usage) add(n int64, began float64) {
	u.held += n
	u.began += float64(n) * began
}

// New returns a room of max bytes. now is the clock.
func New(maximum int64, now func() time.Time) *Room {
	return &Room{max: maximum, now: now, epoch: now(), senders: map[string]*sender{}}
}

// Held returns the number of bytes that open bodies hold.
func (r *Room) Held() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

// Body is one body that is being received.
type Body struct {
	room  *Room
	from  string
	began float64 // the second, since the room's epoch
	cut   func()

	use     usage // guarded by room.mu, like the rest
	evicted bool
	closed  bool
}

// Open begins a body of a sender. cut ends the wait for the rest of the body; it is
// called at most once, when the body has to give way, often from another goroutine,
// and may be nil. The caller has to close the body.
func (r *Room) Open(from string, cut func()) *Body {
	b := &Body{room: r, from: from, began: r.second(), cut: cut}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.senders[from]
	if s == nil {
		s = &sender{bodies: map[*Body]struct{}{}}
		r.senders[from] = s
	}
	s.bodies[b] = struct{}{}
	return b
}

// Grow takes room for n more bytes. Others may be cut off for it. It returns ErrFull
// when this body is the one to give way, or had to before.
func (b *Body) Grow(n int) error {
	r := b.room
	r.mu.Lock()
	if b.evicted || b.closed {
		r.mu.Unlock()
		return ErrFull
	}
	b.use.add(int64(n), b.began)
	r.senders[b.from].use.add(int64(n), b.began)
	r.held += int64(n)
	var cut []*Body
	for r.held > r.max && !b.evicted {
		victim := r.victim()
		victim.evicted = true
		r.release(victim)
		cut = append(cut, victim)
	}
	evicted := b.evicted
	r.mu.Unlock()
	for _, victim := range cut {
		if victim.cut != nil {
			victim.cut()
		}
	}
	if evicted {
		return ErrFull
	}
	return nil
}

// Evicted reports whether the body had to give way to another one.
func (b *Body) Evicted() bool {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	return b.evicted
}

// Close gives the body's room back.
func (b *Body) Close() {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	if !b.closed && !b.evicted {
		b.room.release(b)
	}
	b.closed = true
}

// release takes a body out of the room.
func (r *Room) release(b *Body) {
	s := r.senders[b.from]
	delete(s.bodies, b)
	if len(s.bodies) == 0 {
		delete(r.senders, b.from)
	}
	s.use.add(-b.use.held, b.began)
	r.held -= b.use.held
}

// victim returns the body that has to give way: the dearest of the dearest sender.
func (r *Room) victim() *Body {
	second := r.second()
	var from *sender
	for _, s := range r.senders {
		if from == nil || s.use.cost(second) > from.use.cost(second) {
			from = s
		}
	}
	var victim *Body
	for b := range from.bodies {
		if victim == nil || b.use.cost(second) > victim.use.cost(second) {
			victim = b
		}
	}
	return victim
}

// second is the time in seconds since the room was made.
func (r *Room) second() float64 { return r.now().Sub(r.epoch).Seconds() }

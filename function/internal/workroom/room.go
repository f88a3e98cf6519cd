package workroom

import (
	"errors"
	"sync"
)

var (
	// ErrFull means that others hold the room; it may be there a moment later.
	ErrFull = errors.New("others hold the room")
	// ErrTooLarge means that a request needs more than it can have even when it is
	// alone.
	ErrTooLarge = errors.New("more than the room has")
)

// Room is an amount of memory, in bytes. It is safe for concurrent use.
type Room struct {
	max        int64
	maxUnknown int64

	mu      sync.Mutex
	held    int64
	unknown int64 // of it, by requests whose sender is not known yet
}

// New makes a room. Requests whose sender is not known yet have maxUnknown of it
// together.
func New(maximum, maxUnknown int64) *Room { return &Room{max: maximum, maxUnknown: maxUnknown} }

// Held tells how much is taken.
func (r *Room) Held() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

// Lease is what one request holds. It has to be closed. Take and Give may be called side by side.
type Lease struct {
	room  *Room
	held  int64
	known bool
}

// Open begins a lease of nothing. known tells whether the sender has shown who it is.
func (r *Room) Open(known bool) *Lease { return &Lease{room: r, known: known} }

// Take takes n bytes more, or none with an error.
func (l *Lease) Take(n int64) error {
	r := l.room
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case l.held+n > r.max || !l.known && l.held+n > r.maxUnknown:
		return ErrTooLarge
	case r.held+n > r.max || !l.known && r.unknown+n > r.maxUnknown:
		return ErrFull
	}
	l.add(n)
	return nil
}

// Give gives n bytes back, at most what is held.
func (l *Lease) Give(n int64) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.add(-min(n, l.held))
}

// Held tells how much the request holds.
func (l *Lease) Held() int64 { return l.held }

// Known says that the sender has shown who it is.
func (l *Lease) Known() {
	if l.known {
		return
	}
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.known = true
	l.room.unknown -= l.held
}

// Close gives all back.
func (l *Lease) Close() { l.Give(l.held) }

// add changes what is held. The caller holds mu.
func (l *Lease) add(n int64) {
	l.held += n
	l.room.held += n
	if !l.known {
		l.room.unknown += n
	}
}

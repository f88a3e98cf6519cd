package shelf

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// Lease is how long messages are hidden from others.
	Lease = 30 * time.Second
	// safe is how much of a lease has to be left for a message to be used.
	safe = 10 * time.Second
	// maxHeld bounds what is searched, and kept.
	maxHeld = 2000
)

// Source is a queue of dead letters.
type Source[M any] interface {
	// Receive leases up to n messages, for Lease; none when there are no more.
	Receive(ctx context.Context, n int) ([]M, error)
	// Extend leases a message again, for Lease.
	Extend(ctx context.Context, m M) error
	// Release ends leases.
	Release(ctx context.Context, list []M)
	// ID is what a message is known by.
	ID(m M) string
}

// Shelf is the dead letters of a queue. Its methods may be called at the same time.
type Shelf[M any] struct {
	Source[M]
	Now func() time.Time

	mu   sync.Mutex
	held []held[M]
}

type held[M any] struct {
	message M
	until   time.Time
}

// errSlow is the error of a search that is slower than leases end: what it leases is what it had before.
var errSlow = errors.New("there are too many dead letters to search them while they are leased")

// List gives up to n messages, or as many as can be leased at one time.
func (s *Shelf[M]) List(ctx context.Context, n int) ([]M, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, maxHeld)
	s.forget()
	for len(s.held) < n {
		received, more, err := s.more(ctx, n-len(s.held))
		if err != nil {
			return nil, err
		}
		if received == 0 || more == 0 {
			break
		}
	}
	list := make([]M, 0, min(n, len(s.held)))
	for _, h := range s.held[:min(n, len(s.held))] {
		list = append(list, h.message)
	}
	return list, nil
}

// Take looks for a message and has it used. What was used is gone, and no longer held.
func (s *Shelf[M]) Take(ctx context.Context, id string, use func(m M) error) (found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	for {
		if i := slices.IndexFunc(s.held, func(h held[M]) bool { return s.ID(h.message) == id }); i >= 0 {
			h := &s.held[i]
			if h.until.Sub(s.Now()) < safe {
				if err := s.Extend(ctx, h.message); err != nil {
					return true, err
				}
				h.until = s.Now().Add(Lease)
			}
			if err := use(h.message); err != nil {
				return true, err
			}
			s.held = slices.Delete(s.held, i, i+1)
			return true, nil
		}
		received, more, err := s.more(ctx, maxHeld-len(s.held))
		if err == nil && received > 0 && more == 0 {
			err = errSlow
		}
		if err != nil || received == 0 {
			return false, err
		}
	}
}

// Close lets others see at once what is held.
func (s *Shelf[M]) Close(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	list := make([]M, len(s.held))
	for i, h := range s.held {
		list[i] = h.message
	}
	s.held = nil
	if len(list) > 0 {
		s.Release(ctx, list)
	}
}

// more leases up to n messages more. It tells how many it has received, and how many of them were not held before.
func (s *Shelf[M]) more(ctx context.Context, n int) (received, more int, err error) {
	if n <= 0 {
		return 0, 0, nil
	}
	until, before := s.Now().Add(Lease), len(s.held)
	list, err := s.Receive(ctx, n)
	for _, m := range list {
		id := s.ID(m)
		s.held = slices.DeleteFunc(s.held, func(h held[M]) bool { return s.ID(h.message) == id })
		s.held = append(s.held, held[M]{m, until})
	}
	return len(list), len(s.held) - before, err
}

// forget drops what others may have leased by now.
func (s *Shelf[M]) forget() {
	now := s.Now()
	s.held = slices.DeleteFunc(s.held, func(h held[M]) bool { return !h.until.After(now) })
}

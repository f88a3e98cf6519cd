package durable

import (
	"context"
	"slices"
	"sync"
	"time"

	"mayfly/function/internal/queue/entry"
	"mayfly/transform/message"
)

// slow is how long a request may be under way before later ones of its devices wait for it: what it cannot deliver goes
// to the queue, and they must not overtake.
const slow = 500 * time.Millisecond

// flights are the requests under way, by device. They are bounded by the requests that the service works on.
type flights struct {
	mu   sync.Mutex
	keys map[string][]*flight
}

// flight is one request from its beginning until its messages are stored, or not.
type flight struct {
	keys    []string
	began   time.Time
	earlier []*flight     // that have devices in common with it
	done    chan struct{} // closed at its end
}

// begin registers a request. Requests only wait for earlier ones, so none wait for each other.
func (f *flights) begin(messages []message.Message, now time.Time) *flight {
	own := &flight{began: now, done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil {
		f.keys = map[string][]*flight{}
	}
	for i := range messages {
		key := entry.Key(&messages[i])
		others := f.keys[key]
		if n := len(others); n > 0 && others[n-1] == own {
			continue // another message of the same device
		}
		for _, other := range others {
			if !slices.Contains(own.earlier, other) {
				own.earlier = append(own.earlier, other)
			}
		}
		f.keys[key], own.keys = append(others, own), append(own.keys, key)
	}
	return own
}

// end tells those who wait for a request that it is over.
func (f *flights) end(own *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range own.keys {
		left := slices.DeleteFunc(f.keys[key], func(other *flight) bool { return other == own })
		if f.keys[key] = left; len(left) == 0 {
			delete(f.keys, key)
		}
	}
	own.earlier = nil
	close(own.done)
}

// waitSlow waits for earlier requests of the same devices that take long.
func (fl *flight) waitSlow(ctx context.Context, now time.Time) {
	for _, other := range fl.earlier {
		if now.Sub(other.began) >= slow {
			other.wait(ctx)
		}
	}
}

// waitAll waits for all earlier requests of the same devices.
func (fl *flight) waitAll(ctx context.Context) {
	for _, other := range fl.earlier {
		other.wait(ctx)
	}
}

func (fl *flight) wait(ctx context.Context) {
	select {
	case <-fl.done:
	case <-ctx.Done():
	}
}

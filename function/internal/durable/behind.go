package durable

import (
	"sync"
	"time"

	"mayfly/function/internal/queue"
)

const (
	maxBehind = 100_000
	// Queues that count roughly may not show for so long what was put into them (Amazon SQS API, GetQueueAttributes:
	// "eventual consistency of at least 1 minute"); clocks of queues may differ from ours.
	settled = 2 * time.Minute
	// lookInterval is how often the queue is asked while devices are behind and nothing else asks.
	lookInterval = 10 * time.Second
)

// behind knows the devices that have messages in the queue.
type behind struct {
	mu     sync.Mutex
	keys   map[string]mark
	ids    map[string]int // of their items, and how often each was put
	all    bool           // any device may
	since  time.Time      // when that began
	looked time.Time
}

type mark struct {
	items int
	last  time.Time // when the last of them was put
}

func (b *behind) is(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all || len(b.keys) > 0 && b.keys[key].items > 0
}

// add takes note of an item that is put into the queue.
func (b *behind) add(key, id string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys == nil {
		b.keys, b.ids = map[string]mark{}, map[string]int{}
	}
	if len(b.ids) >= maxBehind {
		b.all, b.since = true, now
		return
	}
	b.keys[key] = mark{b.keys[key].items + 1, now}
	b.ids[id]++
}

// gone takes note of an item that left the queue. Those that other processes have put are not counted.
func (b *behind) gone(key, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, ours := b.ids[id]
	if !ours {
		return
	}
	if n > 1 {
		b.ids[id]--
	} else {
		delete(b.ids, id)
	}
	if m := b.keys[key]; m.items > 1 {
		b.keys[key] = mark{m.items - 1, m.last}
	} else {
		delete(b.keys, key)
	}
}

// found takes note of what was in the queue at the start: it may be of any device.
func (b *behind) found(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all, b.since = true, now
}

// seen takes note of how full the queue was when it was asked at a time: what other processes have delivered is not
// there any more.
func (b *behind) seen(d queue.Depth, asked time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked = asked
	var before time.Time // what was put before is gone
	switch {
	case d.Items == 0:
		before = asked.Add(-settled)
	case !d.Oldest.IsZero():
		before = d.Oldest.Add(-settled)
	default:
		return
	}
	if b.all && b.since.Before(before) {
		b.all = false
	}
	for key, m := range b.keys {
		if m.last.Before(before) {
			delete(b.keys, key)
		}
	}
	if len(b.keys) == 0 {
		clear(b.ids)
	}
}

// due tells whether the queue is to be asked now, because devices are behind and nobody else asks.
func (b *behind) due(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.all && len(b.keys) == 0 || now.Sub(b.looked) < lookInterval {
		return false
	}
	b.looked = now
	return true
}

// look asks the queue how full it is, beside the request, where that is due.
func (b *behind) look(a *Acceptor) {
	if !b.due(a.Now()) {
		return
	}
	a.lookBeside()
}

package durable

import (
	"sync"
	"time"

	"mayfly/function/internal/queue"
)

const (
	maxBehind = 100_000
	// settled is by how much the clock of a queue may differ from ours, and how long a call that stores may take.
	settled = 2 * time.Minute
	// lookInterval is how often the queue is asked while devices are behind and nothing else asks.
	lookInterval = 10 * time.Second
	// maxUnsure bounds how long devices are behind of which it is not known whether they have anything in the queue:
	// one item that stays there must not keep all of them from the hub.
	maxUnsure = 15 * time.Minute
)

// behind knows the devices that have messages in the queue.
//
// An item leaves when the worker of this process says so. What other processes deliver is learnt from how full the
// queue is: see seen.
type behind struct {
	mu     sync.Mutex
	keys   map[string]mark
	ids    map[string]*item
	looked time.Time
	forgot time.Time // what was stored before is not in ids any more

	all    bool      // any device may be behind
	since  time.Time // when that began
	latest time.Time // when the latest item was put that is not in ids

	// A period of several looks, at least as long as the queue takes to count what it has.
	period time.Time // its begin
	peak   int       // the most items that a look has found since then
}

// mark is a device that is behind.
type mark struct {
	items int
	since time.Time // when the first of them was put
}

// item is a message in the queue, or several with one id: a queue may drop the second one, and if it does not, what
// overtakes that is still behind the first one.
type item struct {
	key    string
	copies int       // being put, or stored
	stored time.Time // when the queue had the latest of them for sure; zero while it may have none
}

func (b *behind) is(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all || len(b.keys) > 0 && b.keys[key].items > 0
}

// add takes note of an item that is about to be put into the queue. Its result is for stored or failed.
func (b *behind) add(key, id string, now time.Time) *item {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys == nil {
		b.keys, b.ids = map[string]mark{}, map[string]*item{}
	}
	if it := b.ids[id]; it != nil {
		it.copies++
		return it
	}
	if len(b.ids) >= maxBehind {
		b.latest = now
		if !b.all {
			b.all, b.since = true, now
		}
		return nil
	}
	m := b.keys[key]
	if m.items++; m.items == 1 {
		m.since = now
	}
	it := &item{key: key, copies: 1}
	b.keys[key], b.ids[id] = m, it
	return it
}

// stored takes note that the queue has an item.
func (b *behind) stored(it *item, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it != nil {
		it.stored = now
	}
}

// failed takes note that the queue has not taken an item.
func (b *behind) failed(it *item, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it == nil {
		return
	}
	if it.copies--; it.copies == 0 && b.ids[id] == it {
		b.drop(id, it)
	}
}

// gone takes note of an item that left the queue. Those that other processes have put are not counted.
func (b *behind) gone(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it := b.ids[id]; it != nil {
		b.drop(id, it)
	}
}

func (b *behind) drop(id string, it *item) {
	delete(b.ids, id)
	m := b.keys[it.key]
	if m.items--; m.items > 0 {
		b.keys[it.key] = m
	} else {
		delete(b.keys, it.key)
	}
}

// found takes note of what was in the queue at the start: it may be of any device.
func (b *behind) found(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all, b.since, b.latest = true, now, now
}

// seen takes note of how full the queue was when it was asked at a time: what other processes have delivered is not
// there any more. lag is how old the count may be.
func (b *behind) seen(d queue.Depth, asked time.Time, lag time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked = asked
	switch {
	case d.Items == 0 && lag == 0:
		b.forget(func(it *item) bool { return it.stored.Before(asked) })
		b.settle(asked.Add(-settled))
	case !d.Oldest.IsZero():
		before := d.Oldest.Add(-settled)
		if before.After(b.forgot) { // there may be many
			b.forgot = before
			b.forget(func(it *item) bool { return it.stored.Before(before) })
		}
		b.settle(before)
	}
	if b.all && asked.Sub(b.since) >= maxUnsure {
		b.all = false
	}
	b.peak = max(b.peak, d.Items)
	if asked.Sub(b.period) >= max(lag, lookInterval) {
		b.endPeriod(asked)
		b.period, b.peak = asked, d.Items
	}
}

// endPeriod draws conclusions from several looks. Where they all found nothing, even a count that comes late is right:
// devices that were behind before are not any more, though they have put more since. Where they found less than what we
// put before and have not delivered, others deliver: devices that have been behind for long are not waited for, since
// we would not learn that nothing of theirs is left.
func (b *behind) endPeriod(asked time.Time) {
	since := b.period
	if b.peak > 0 {
		ours := 0
		for _, it := range b.ids {
			if !it.stored.IsZero() && it.stored.Before(b.period) {
				ours++
			}
		}
		if ours <= b.peak {
			return
		}
		since = asked.Add(-maxUnsure)
	} else {
		b.settle(b.period)
	}
	b.forget(func(it *item) bool { return b.keys[it.key].since.Before(since) })
}

// forget drops the items that the queue has had, and of which gone says that it has them no more.
func (b *behind) forget(gone func(*item) bool) {
	for id, it := range b.ids {
		if !it.stored.IsZero() && gone(it) {
			b.drop(id, it)
		}
	}
}

// settle ends that any device may be behind, where all that is not in ids was put before a time.
func (b *behind) settle(before time.Time) {
	if b.latest.Before(before) {
		b.all = false
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

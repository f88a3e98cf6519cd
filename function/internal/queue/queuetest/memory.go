package queuetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/order"
)

// Memory is a queue that stores nothing beyond its process: for tests of those who use a queue, and of this package.
// Its fields may be changed before it is used.
type Memory struct {
	Now      func() time.Time // default time.Now
	Lease    time.Duration    // default a minute
	MaxItems int              // default 100,000
	Fail     func() error     // where it gives an error, Put fails with that

	mu      sync.Mutex
	lines   *order.Lines[queue.Item]
	dead    []queue.DeadLetter
	seq     uint64
	changed chan struct{} // closed when something may be received
	closed  bool
}

// NewMemory makes an empty queue.
func NewMemory() *Memory {
	return &Memory{
		Now: time.Now, Lease: time.Minute, MaxItems: 100_000,
		lines: order.New[queue.Item](), changed: make(chan struct{}),
	}
}

func failure(kind queue.Kind, text string) error {
	return &queue.Error{Kind: kind, Queue: "memory", Err: errors.New(text)}
}

// Limits is queue.Queue's.
func (m *Memory) Limits() queue.Limits {
	return queue.Limits{ItemBytes: 1 << 20, Lease: m.Lease, Ordered: true}
}

// Put is queue.Queue's.
func (m *Memory) Put(_ context.Context, items []queue.Item) []error {
	m.mu.Lock()
	defer m.mu.Unlock()
	errs, failed := make([]error, len(items)), false
	for i, it := range items {
		errs[i] = m.put(it)
		failed = failed || errs[i] != nil
	}
	m.signal()
	if !failed {
		return nil
	}
	return errs
}

func (m *Memory) put(it queue.Item) error {
	switch {
	case m.closed:
		return failure(queue.Unavailable, "it is closed")
	case len(it.Data) > m.Limits().ItemBytes:
		return failure(queue.TooLarge, fmt.Sprintf("%d bytes, at most %d", len(it.Data), m.Limits().ItemBytes))
	case m.lines.Len()+len(m.dead) >= m.MaxItems:
		return failure(queue.Full, fmt.Sprintf("it has %d items", m.MaxItems))
	}
	if m.Fail != nil {
		if err := m.Fail(); err != nil {
			return err
		}
	}
	m.seq++
	m.lines.Add(it.Key, m.seq, m.Now(), it)
	return nil
}

func (m *Memory) signal() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// Receive is queue.Queue's.
func (m *Memory) Receive(ctx context.Context, n int) ([]*queue.Leased, error) {
	for {
		m.mu.Lock()
		if m.closed {
			m.mu.Unlock()
			return nil, failure(queue.Unavailable, "it is closed")
		}
		if err := ctx.Err(); err != nil {
			m.mu.Unlock()
			return nil, err
		}
		now := m.Now()
		var leased []*queue.Leased
		for _, e := range m.lines.Take(now, n, m.Lease) {
			leased = append(leased, &queue.Leased{
				Item: e.Ref, Put: time.Unix(0, e.Put), Attempts: e.Attempts, Handle: e,
			})
		}
		wait := time.Hour
		if next, waits := m.lines.Next(); waits {
			wait = next.Sub(now)
		}
		changed := m.changed
		m.mu.Unlock()
		if len(leased) > 0 {
			return leased, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// settle calls do for each item whose lease is held.
func (m *Memory) settle(items []*queue.Leased, do func(*order.Entry[queue.Item])) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	lost := 0
	for _, it := range items {
		if e := it.Handle.(*order.Entry[queue.Item]); e.Holds(it.Attempts) {
			do(e)
		} else {
			lost++
		}
	}
	m.signal()
	if lost > 0 {
		return failure(queue.LeaseLost, fmt.Sprintf("%d of %d items", lost, len(items)))
	}
	return nil
}

// Extend is queue.Queue's.
func (m *Memory) Extend(_ context.Context, items []*queue.Leased, d time.Duration) error {
	return m.settle(items, func(e *order.Entry[queue.Item]) { m.lines.Extend(e, m.Now().Add(d)) })
}

// Delete is queue.Queue's.
func (m *Memory) Delete(_ context.Context, items []*queue.Leased) error {
	return m.settle(items, m.lines.Remove)
}

// Return is queue.Queue's.
func (m *Memory) Return(_ context.Context, items []*queue.Leased, after time.Duration) error {
	return m.settle(items, func(e *order.Entry[queue.Item]) { m.lines.GiveBack(e, m.Now().Add(after)) })
}

// Bury is queue.Queue's.
func (m *Memory) Bury(_ context.Context, it *queue.Leased, reason []byte) error {
	return m.settle([]*queue.Leased{it}, func(e *order.Entry[queue.Item]) {
		m.lines.Remove(e)
		m.dead = append(m.dead, queue.DeadLetter{
			ID: "dead-" + strconv.FormatUint(e.Seq, 10), Item: e.Ref, Buried: m.Now(), Reason: reason,
		})
	})
}

// Depth is queue.Queue's.
func (m *Memory) Depth(context.Context) (queue.Depth, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return queue.Depth{Items: m.lines.Len(), Oldest: m.lines.Oldest(), Dead: len(m.dead)}, nil
}

// DeadLetters is queue.Queue's.
func (m *Memory) DeadLetters() queue.DeadLetters { return letters{m} }

// Close is queue.Queue's.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.signal()
	return nil
}

// letters are the dead letters of a Memory.
type letters struct{ m *Memory }

func (l letters) List(_ context.Context, n int) ([]queue.DeadLetter, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return append([]queue.DeadLetter(nil), l.m.dead[:min(n, len(l.m.dead))]...), nil
}

func (l letters) Replay(_ context.Context, id string) error {
	return l.take(id, func(d queue.DeadLetter) {
		l.m.seq++
		l.m.lines.Add(d.Item.Key, l.m.seq, l.m.Now(), d.Item)
		l.m.signal()
	})
}

func (l letters) Drop(_ context.Context, id string) error {
	return l.take(id, func(queue.DeadLetter) {})
}

func (l letters) take(id string, do func(queue.DeadLetter)) error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	for i, d := range l.m.dead {
		if d.ID == id {
			l.m.dead = append(l.m.dead[:i], l.m.dead[i+1:]...)
			do(d)
			return nil
		}
	}
	return failure(queue.NoItem, id)
}

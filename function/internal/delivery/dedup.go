package delivery

import (
	"context"
	"sync"
	"time"

	"mayfly/function/internal/state"
	"mayfly/internal/cache"
	"mayfly/transform/message"
)

// deduplicator remembers for a while which messages are stored, so that a resend
// is answered without being sent again, and knows which are on their way, so that
// a resend waits for the first one's result. A nil one remembers nothing.
type deduplicator struct {
	stored *cache.Cache[struct{}]
	window time.Duration
	fleet  string
	state  state.Store // what other instances know; may be nil

	mu       sync.Mutex
	inFlight map[string]<-chan struct{} // closed at the end; bounded by the requests under way
}

const maxStoredIDs = 100_000

func newDeduplicator(window time.Duration, fleet string, store state.Store) *deduplicator {
	if window <= 0 {
		return nil
	}
	return &deduplicator{
		stored: cache.New[struct{}](maxStoredIDs, window), inFlight: map[string]<-chan struct{}{},
		window: window, fleet: fleet, state: store,
	}
}

// claim gives the messages, of those that indexes names, that are not stored yet.
// They belong to the caller until it calls release. While another request sends
// one of them, claim waits for its end: a message that the other could not
// deliver is the caller's to send then. Nothing is held during the wait, so two
// requests never wait for each other.
func (d *deduplicator) claim(
	ctx context.Context, messages []message.Message, indexes []int,
) (fresh []int, release func(), err error) {
	if d == nil {
		return indexes, func() {}, nil
	}
	done := make(chan struct{})
	for {
		fresh, wait := d.tryClaim(messages, indexes, done)
		if wait == nil {
			return fresh, func() { d.release(messages, fresh, done) }, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// tryClaim claims all messages that are not stored, or none: then it gives what
// to wait for.
func (d *deduplicator) tryClaim(
	messages []message.Message, indexes []int, done <-chan struct{},
) (fresh []int, wait <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fresh = make([]int, 0, len(indexes))
	for _, i := range indexes {
		m := &messages[i]
		if isTransient(m.MessageID) {
			fresh = append(fresh, i)
			continue
		}
		if wait := d.inFlight[messageKey(m)]; wait != nil {
			return nil, wait
		}
		if _, stored := d.stored.Get(messageKey(m)); !stored {
			fresh = append(fresh, i)
		}
	}
	for _, i := range fresh {
		if m := &messages[i]; !isTransient(m.MessageID) {
			d.inFlight[messageKey(m)] = done
		}
	}
	return fresh, nil
}

func (d *deduplicator) release(messages []message.Message, fresh []int, done chan struct{}) {
	d.mu.Lock()
	for _, i := range fresh {
		delete(d.inFlight, messageKey(&messages[i]))
	}
	d.mu.Unlock()
	close(done)
}

// add remembers a message that is stored.
func (d *deduplicator) add(m *message.Message) {
	if d != nil && !isTransient(m.MessageID) {
		d.stored.Set(messageKey(m), struct{}{})
	}
}

func messageKey(m *message.Message) string { return m.DeviceID + "\x00" + m.MessageID }

package mailbox

import (
	"slices"
	"sync"
	"time"
)

// Mailbox is the queue of one device. It may be used by several goroutines.
type Mailbox struct {
	device string
	log    *Log

	mu       sync.Mutex
	queued   []*queued
	sequence uint64
}

// queued is a message that waits. It is invisible while it is locked.
type queued struct {
	Message
	enqueued    time.Time
	sequence    uint64
	deliveries  int // how often it was abandoned
	lock        string
	lockedUntil time.Time
}

// New returns an empty mailbox, whose feedback goes to log.
func New(device string, log *Log) *Mailbox { return &Mailbox{device: device, log: log} }

// Depth returns how many messages wait.
func (b *Mailbox) Depth(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	return len(b.queued)
}

// Send queues a message. A message without an id gets one of newID.
func (b *Mailbox) Send(m Message, now time.Time, newID func() string) error {
	m, err := m.prepared(now, newID)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	if len(b.queued) >= maxQueued {
		return ErrQueueFull
	}
	b.sequence++
	q := &queued{Message: m, enqueued: now, sequence: b.sequence}
	b.queued = append(b.queued, q)
	b.step(q, Queued)
	return nil
}

// Waiting is a message that has not ended.
type Waiting struct {
	MessageID     string    `json:"messageId"`
	Command       string    `json:"command,omitempty"`
	State         State     `json:"state"` // queued or locked
	LockedUntil   time.Time `json:"lockedUntil,omitzero"`
	Sequence      uint64    `json:"sequence"`
	DeliveryCount int       `json:"deliveryCount"`
	Enqueued      time.Time `json:"enqueued"`
	Expiry        time.Time `json:"expiry"`
	Bytes         int       `json:"bytes"`
}

// Waiting returns the messages that have not ended, in their order.
func (b *Mailbox) Waiting(now time.Time) []Waiting {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	out := make([]Waiting, len(b.queued))
	for i, q := range b.queued {
		out[i] = Waiting{
			MessageID: q.MessageID, Command: q.Properties[methodName], State: Queued, LockedUntil: q.lockedUntil,
			Sequence: q.sequence, DeliveryCount: q.deliveries, Enqueued: q.enqueued, Expiry: q.Expiry,
			Bytes: len(q.Body),
		}
		if q.lock != "" {
			out[i].State = Locked
		} else {
			out[i].LockedUntil = time.Time{}
		}
	}
	return out
}

func (b *Mailbox) step(q *queued, state State) {
	b.log.watch(Step{b.device, q.MessageID, q.Properties[methodName], state, q.sequence, q.deliveries})
}

// Delivery is a message that was handed to a device, under a lock.
type Delivery struct {
	Message
	Lock       string
	Enqueued   time.Time
	Sequence   uint64
	Deliveries int // how often it was delivered and abandoned before
}

// Receive locks the first message that is visible and returns it; ok is false when there is none.
func (b *Mailbox) Receive(now time.Time, lockTime time.Duration, newLock func() string) (d Delivery, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	for _, q := range b.queued {
		if q.lock == "" {
			q.lock, q.lockedUntil = newLock(), now.Add(lockTime)
			b.step(q, Locked)
			return Delivery{q.Message, q.lock, q.enqueued, q.sequence, q.deliveries}, true
		}
	}
	return Delivery{}, false
}

// Settle ends the message under a lock with an outcome. It reports whether the lock still holds.
func (b *Mailbox) Settle(lock string, outcome Outcome, now time.Time) bool {
	return b.locked(lock, now, func(q *queued) { b.end(q, outcome, now) })
}

// Abandon makes the message under a lock visible again, or ends it after MaxDeliveries. It reports whether the lock
// still holds.
func (b *Mailbox) Abandon(lock string, now time.Time) bool {
	return b.locked(lock, now, func(q *queued) {
		q.lock = ""
		q.deliveries++
		b.step(q, Abandoned)
		if q.deliveries >= MaxDeliveries {
			b.end(q, DeliveryCountExceeded, now)
		}
	})
}

func (b *Mailbox) locked(lock string, now time.Time, do func(*queued)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	for _, q := range b.queued {
		if q.lock != "" && q.lock == lock {
			do(q)
			return true
		}
	}
	return false
}

// Purge drops all that waits and returns how many messages that were.
func (b *Mailbox) Purge(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.queued)
	for _, q := range slices.Clone(b.queued) {
		b.end(q, Purged, now)
	}
	return n
}

// sweep ends messages that have expired and unlocks those whose lock has. A lock that expires does not raise the
// delivery count (azure-docs iot-hub-devguide-messages-c2d.md).
func (b *Mailbox) sweep(now time.Time) {
	for _, q := range slices.Clone(b.queued) {
		if q.lock != "" && !now.Before(q.lockedUntil) {
			q.lock = ""
			b.step(q, Unlocked)
		}
		if !now.Before(q.Expiry) {
			b.end(q, Expired, now)
		}
	}
}

func (b *Mailbox) end(q *queued, outcome Outcome, now time.Time) {
	b.queued = slices.DeleteFunc(b.queued, func(other *queued) bool { return other == q })
	b.step(q, State(outcome))
	b.log.add(Feedback{b.device, q.MessageID, outcome, q.deliveries, now})
}

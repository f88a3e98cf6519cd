package delivery

import (
	"context"
	"time"

	"mayfly/function/internal/state"
	"mayfly/transform/message"
)

const (
	// leaseMargin is how much longer a claim lasts than the request: an instance that died has nothing under way then.
	leaseMargin = 5 * time.Second
	// unboundLease is that of a request without a deadline.
	unboundLease = time.Minute
	// askAgain is how long to wait for another instance that sends a message.
	askAgain = 50 * time.Millisecond
)

// sharedClaim is the messages of a request that other instances must not send now. A nil one is of no store.
type sharedClaim struct {
	*deduplicator
	claim    state.Claim
	messages []message.Message
	indexes  []int // those that are claimed
	settled  bool
}

// share claims messages among the instances, of those that indexes names, and gives those that no instance has stored.
// While another instance sends one of them it waits for the end of that. A store that does not answer claims nothing:
// each instance knows its own messages then.
func (d *deduplicator) share(
	ctx context.Context, messages []message.Message, indexes []int,
) (*sharedClaim, []int, error) {
	if d == nil || d.state == nil || len(indexes) == 0 {
		return nil, indexes, nil
	}
	var keys []string
	var known []int // of the keys
	for _, i := range indexes {
		if m := &messages[i]; !isTransient(m.MessageID) {
			keys, known = append(keys, d.sharedKey(m)), append(known, i)
		}
	}
	if len(keys) == 0 {
		return nil, indexes, nil
	}
	for {
		c, err := d.state.Claim(ctx, keys, leaseOf(ctx))
		if ended := ctx.Err(); ended != nil {
			if err == nil && !c.Busy { // nobody shall wait for the end of its lease
				_ = d.state.Release(context.WithoutCancel(ctx), c, keys)
			}
			return nil, nil, ended
		}
		if err != nil {
			return nil, indexes, nil
		}
		if !c.Busy {
			s := &sharedClaim{deduplicator: d, claim: c, messages: messages}
			return s, s.fresh(indexes, known), nil
		}
		timer := time.NewTimer(askAgain)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, nil, ctx.Err()
		}
	}
}

func leaseOf(ctx context.Context) time.Duration {
	if deadline, has := ctx.Deadline(); has {
		return max(0, time.Until(deadline)) + leaseMargin //nolint:forbidigo // contexts go by the true time
	}
	return unboundLease
}

func (d *deduplicator) sharedKey(m *message.Message) string {
	return "message\x00" + d.fleet + "\x00" + messageKey(m)
}

// fresh gives, of the messages that indexes names, those that no instance has stored. known are those that were asked
// for.
func (s *sharedClaim) fresh(indexes, known []int) (fresh []int) {
	done := map[int]bool{}
	for at, i := range known {
		if s.claim.Done[at] {
			done[i] = true
			s.add(&s.messages[i])
		} else {
			s.indexes = append(s.indexes, i)
		}
	}
	for _, i := range indexes {
		if !done[i] {
			fresh = append(fresh, i)
		}
	}
	return fresh
}

// settle lets all instances know which messages are stored, and gives up the others.
func (s *sharedClaim) settle(ctx context.Context, results []error) {
	if s == nil {
		return
	}
	s.settled = true
	var stored, failed []string
	for _, i := range s.indexes {
		key := s.sharedKey(&s.messages[i])
		if results[i] == nil {
			stored = append(stored, key)
		} else {
			failed = append(failed, key)
		}
	}
	ctx = context.WithoutCancel(ctx)
	_ = s.state.Commit(ctx, s.claim, stored, s.window) // else this instance alone knows
	_ = s.state.Release(ctx, s.claim, failed)          // else the lease ends
}

// abandon gives up messages that were not settled.
func (s *sharedClaim) abandon(ctx context.Context) {
	if s == nil || s.settled {
		return
	}
	var keys []string
	for _, i := range s.indexes {
		keys = append(keys, s.sharedKey(&s.messages[i]))
	}
	_ = s.state.Release(context.WithoutCancel(ctx), s.claim, keys)
}

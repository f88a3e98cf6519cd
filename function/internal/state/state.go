package state

import (
	"context"
	"errors"
	"time"
)

// Store is state that instances share. Every call is bounded by a short time of its own, whatever its context allows;
// its error means that nothing is known. While the store is known to be down all calls fail at once.
type Store interface {
	// Take takes n from a bucket of count that fills in the time per, or tells how long to wait for them. More than
	// a bucket holds counts as all that it holds.
	Take(ctx context.Context, key string, count int, per time.Duration, n int) (wait time.Duration, err error)

	// Claim claims keys for the time of a lease: all that are not done, or none where another claim has one of them.
	Claim(ctx context.Context, keys []string, lease time.Duration) (Claim, error)

	// Commit makes keys of a claim done: known for a window.
	Commit(ctx context.Context, c Claim, keys []string, window time.Duration) error

	// Release gives up keys of a claim.
	Release(ctx context.Context, c Claim, keys []string) error

	// Status tells whether the store answers.
	Status() Status

	// Close ends all that runs beside the calls.
	Close()
}

// Claim is keys that were claimed.
type Claim struct {
	Token string // whose they are
	Busy  bool   // another claim has one of the keys; none is claimed
	Done  []bool // which of the keys were committed before, and are not claimed
}

// ErrDown is the error of a store that does not answer.
var ErrDown = errors.New("the state store does not answer")

// Status is how a store fares.
type Status struct {
	Up     bool
	Since  time.Time // when it went down
	Reason error     // why
}

// Ready tells, for /readyz, that a store is down, and what that means.
func Ready(s Store) string {
	if s == nil {
		return ""
	}
	status := s.Status()
	if status.Up {
		return "state: shared\n"
	}
	return "state: the store does not answer since " + status.Since.UTC().Format(time.RFC3339) +
		": rates and deduplication are of each instance alone, signed requests are refused\n"
}

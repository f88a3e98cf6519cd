package function

import (
	"time"

	"mayfly/function/internal/bodyroom"
	"mayfly/function/internal/bounds"
	"mayfly/function/internal/inflight"
	"mayfly/function/internal/workroom"
)

// load is the work under way: bodies that are still coming in, and requests past
// that. What a body becomes takes many times its bytes, so that is bounded too.
type load struct {
	// Bytes that are coming in: slow senders are many, and each holds what it has sent.
	// Those that have not shown who they are, because a signature over the body will,
	// must not shut authenticated callers out.
	bodies, unauthenticated *bodyroom.Room
	requests                *inflight.Limiter // past their body
	working                 *workroom.Room    // what they hold, in bytes
}

// newLoad bounds the work by sizes, and lets one body of the largest size in.
func newLoad(s *bounds.Sizes, body int64, now func() time.Time) load {
	unknown := max(s.Unauthenticated, 2*(body+workroom.RequestBytes))
	return load{
		bodies:          bodyroom.New(max(s.Bodies, body), now),
		unauthenticated: bodyroom.New(max(s.Unauthenticated, body), now),
		requests:        inflight.New(s.InFlight, now), working: workroom.New(max(s.Working, unknown), unknown),
	}
}

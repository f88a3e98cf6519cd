package function

import (
	"sync/atomic"
	"time"

	"mayfly/function/internal/bodyroom"
	"mayfly/function/internal/inflight"
	"mayfly/function/internal/problem"
)

// load is the work under way: bodies that are still coming in, and requests past
// that. What a body becomes takes many times its bytes, so these are bounded too.
type load struct {
	bodies, unauthenticated *bodyroom.Room // bytes that are coming in
	requests                *inflight.Limiter
	working                 budget // the bytes of their bodies
}

const (
	// Bodies that are coming in, all together: slow senders are many, and each holds
	// what it has sent.
	maxBodyBytes = 128 << 20
	// The share of those that have not shown who they are, because a signature over
	// the body will: they must not shut authenticated callers out.
	maxUnauthenticatedBytes = 16 << 20
	// Bodies that are being mapped and delivered.
	maxWorkingBytes = 64 << 20
)

// budget is a number of things that are held at one time, up to a bound.
type budget struct {
	held atomic.Int64
	max  int64
}

func newLoad(requests int, body int64, now func() time.Time) load {
	return load{
		bodies: bodyroom.New(maxBodyBytes, now), unauthenticated: bodyroom.New(max(maxUnauthenticatedBytes, body), now),
		requests: inflight.New(requests, now), working: budget{max: maxWorkingBytes},
	}
}

var errBusy = &problem.Error{Code: problem.TooBusy, Detail: "the bridge has as much under way as it takes"}

// enter counts a body in that has arrived; leave has to follow when it gives no
// error. A body that is alone is let in whatever its size.
func (l *load) enter(body int) error {
	n := int64(body)
	if held := l.working.held.Add(n); held > l.working.max && held > n {
		l.leave(body)
		return errBusy
	}
	return nil
}

func (l *load) leave(body int) { l.working.held.Add(-int64(body)) }

package host

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

// posted is the context that the runtime loop derives those of its invocations from. The loop ends an invocation's
// context after it has posted the answer to the Runtime API and before it asks for the next event
// (aws-lambda-go, lambda/invoke_loop.go); when it asks, the platform may freeze the process. So what has to be done
// after the answer was posted begins with the end of that context, and posted makes the loop wait for it: package
// context calls the function that AfterFunc returns before a derived context's cancel function returns.
//
// The loop does not tell an answer that was posted from one that the Runtime API did not take; after the latter it ends
// the process.
type posted struct {
	context.Context // never ends
	never           chan struct{}

	mu    sync.Mutex
	under map[chan struct{}]struct{} // closed when done; bounded by the invocations
}

func newPosted(ctx context.Context) *posted {
	return &posted{Context: ctx, never: make(chan struct{}), under: map[chan struct{}]struct{}{}}
}

// Done is never closed; without it derived contexts would not call AfterFunc.
func (p *posted) Done() <-chan struct{} { return p.never }

// AfterFunc is what package context calls to learn of the end of p, which never comes, and to forget a derived context.
func (p *posted) AfterFunc(func()) (stop func() bool) {
	return func() bool {
		p.mu.Lock()
		under := slices.Collect(maps.Keys(p.under))
		p.mu.Unlock()
		for _, done := range under {
			<-done
		}
		return true
	}
}

var errNotPosted = errors.New("the invocation ended before its answer was posted")

// after calls settle when the answer of an invocation was posted, with an error where the invocation's time was over
// before. Where there is no loop, it calls it at once.
func (p *posted) after(invocation context.Context, settle func(error)) {
	if p == nil {
		settle(nil)
		return
	}
	done := make(chan struct{})
	p.mu.Lock()
	p.under[done] = struct{}{}
	p.mu.Unlock()
	context.AfterFunc(invocation, func() {
		defer func() {
			p.mu.Lock()
			delete(p.under, done)
			p.mu.Unlock()
			close(done)
		}()
		if errors.Is(invocation.Err(), context.DeadlineExceeded) {
			settle(errNotPosted)
			return
		}
		settle(nil)
	})
}

package lookup

import (
	"context"
	"fmt"
	"net/http"

	"mayfly/function/internal/ratelimit"
	"mayfly/internal/backoff"
)

// flight is a call, or the wait for one, that all who want its key wait for.
type flight struct {
	done  chan struct{} // closed when value and err are there
	value any
	err   *Error
}

// join finds the flight of a key, or starts it. It does not start one while the service is known to fail.
func (l *lookup) join(ctx context.Context, q *query, old *entry) (*flight, *Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.flights[q.cached]; ok {
		return f, nil
	}
	if now, kept := l.now(), l.keptSince(q.cached, old); kept != nil { // a flight has just ended
		if kept.isFresh(now) {
			return landed(kept.value), nil
		}
		if kept.failed(now) {
			return nil, kept.err
		}
	}
	if ctx.Err() != nil {
		return nil, &Error{Name: l.Name, Kind: Late, Err: ctx.Err()}
	}
	if wait := l.circuit.closed(l.now()); wait > 0 {
		return nil, &Error{Name: l.Name, Kind: Down, RetryAfter: wait}
	}
	if len(l.flights) >= MaxFlights {
		return nil, &Error{Name: l.Name, Kind: Busy}
	}
	f := &flight{done: make(chan struct{})}
	l.flights[q.cached] = f
	// Not with ctx: others wait for the same answer. It ends by itself in time.
	go l.fly(context.WithoutCancel(ctx), f, q, old)
	return f, nil
}

// landed is a flight that has ended.
func landed(value any) *flight {
	f := &flight{done: make(chan struct{}), value: value}
	close(f.done)
	return f
}

// keptSince gives what is kept of a key, where that is no longer old.
func (l *lookup) keptSince(key string, old *entry) *entry {
	if kept, _ := l.kept.Get(key); kept != old {
		return kept
	}
	return nil
}

// fly makes the call of a flight, and keeps what comes of it.
func (l *lookup) fly(ctx context.Context, f *flight, q *query, old *entry) {
	defer func() {
		if v := recover(); v != nil { // nobody else would catch it here
			f.err = &Error{Name: l.Name, Kind: Unusable, Err: fmt.Errorf("the look-up panicked: %v", v)}
		}
		l.mu.Lock()
		delete(l.flights, q.cached)
		l.mu.Unlock()
		close(f.done)
	}()
	leave, err := l.wait(ctx)
	if err != nil {
		f.err = err
		return
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	value, fresh, err := l.ask(ctx, q)
	l.judge(err)
	if err != nil {
		f.err = err
		if err.Kind != NoKey {
			l.keepFailure(q.cached, old, err)
		}
		return
	}
	f.value = value
	l.keep(q.cached, value, fresh)
}

// wait is enter for as long as senders wait at most.
func (l *lookup) wait(ctx context.Context) (leave func(), err *Error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return l.enter(ctx)
}

// enter waits for the permission to make a call, no longer than ctx. leave gives the place back.
func (l *lookup) enter(ctx context.Context) (leave func(), err *Error) {
	busy := &Error{Name: l.Name, Kind: Busy}
	if !take(ctx, l.own) {
		return nil, busy
	}
	if !take(ctx, l.calls) {
		<-l.own
		return nil, busy
	}
	leave = func() { <-l.calls; <-l.own }
	if ctx.Err() != nil { // the place came as the time ended
		leave()
		return nil, busy
	}
	for {
		wait := ratelimit.Take(l.limiter, l.now(), 1)
		if wait == 0 {
			break
		}
		if !backoff.Sleep(ctx, wait) {
			leave()
			return nil, &Error{Name: l.Name, Kind: Busy, RetryAfter: wait}
		}
	}
	if wait := l.circuit.blocked(l.now()); wait > 0 { // it may have failed meanwhile
		leave()
		return nil, &Error{Name: l.Name, Kind: Down, RetryAfter: wait}
	}
	return leave, nil
}

func take(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// judge takes note of what a call says of the service as a whole.
func (l *lookup) judge(err *Error) {
	if err == nil {
		l.circuit.succeeded()
		return
	}
	switch err.Kind {
	case Late:
		l.circuit.failed(l.now(), err.RetryAfter, l.timeout)
	case Unreachable, Unavailable, Redirected, NotAllowed, Unusable:
		l.circuit.failed(l.now(), err.RetryAfter, 0)
	case Refused:
		if err.Status == http.StatusUnauthorized || err.Status == http.StatusForbidden {
			l.circuit.failed(l.now(), err.RetryAfter, 0)
			return
		}
		l.circuit.succeeded()
	case NotFound, Expression:
		l.circuit.succeeded()
	case Down, Busy, NoKey: // it was not asked
	}
}

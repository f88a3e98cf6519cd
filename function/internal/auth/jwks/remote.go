package jwks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"mayfly/internal/secret"
)

const (
	fetchTimeout = 5 * time.Second
	freshFor     = 15 * time.Minute // then the set is fetched again
	staleFor     = 24 * time.Hour   // and so long it is used while that fails
	unknownPause = time.Minute      // between two fetches for keys that the set lacks

	// The pause after a fetch that failed: it doubles with each one in a row.
	minPause = time.Second
	maxPause = time.Minute

	// How long a request waits for a set to be renewed that it could do without.
	renewalWait = 500 * time.Millisecond
)

// Remote is a JWK Set behind a URL. It is fetched when it is first needed, then now
// and then, and when a token names a key that it does not have. There is one fetch
// at a time, whoever waits for it. After a fetch that failed the next one is made a
// second later at the earliest, then two, up to a minute; meanwhile the set that was
// fetched before is used for a day.
type Remote struct {
	url       string
	transport http.RoundTripper
	now       func() time.Time

	mu       sync.Mutex
	keys     []Key
	fetched  time.Time     // when keys were
	flight   chan struct{} // closed when the fetch under way has ended; nil: there is none
	failures int           // in a row
	failure  error         // of the last fetch; nil when it succeeded
	next     time.Time     // before which none is made after a failure
}

// NewRemote makes the key set behind an https URL.
func NewRemote(url string, transport http.RoundTripper, now func() time.Time) *Remote {
	return &Remote{url: url, transport: transport, now: now}
}

// Get gives the keys. With missing they lack one, and are fetched anew if they may be
// by now. Its error is a temporary *secret.Error: there are no keys, or those that
// there are lack one and could not be renewed.
func (r *Remote) Get(ctx context.Context, missing bool) ([]Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.usable() && !missing && r.age() < freshFor {
		return r.keys, nil
	}
	flight, mine := r.flight, false
	if flight == nil && r.mayFetch(missing) {
		flight, mine = r.start(ctx), true
	}
	switch {
	case flight == nil:
	case missing || !r.usable():
		r.wait(ctx, flight, 2*fetchTimeout) // it ends by itself before
	case mine: // the others go on with the old ones
		r.wait(ctx, flight, renewalWait)
	}
	if r.usable() && (!missing || r.failure == nil) {
		return r.keys, nil
	}
	return nil, &secret.Error{Temporary: true, Err: cmp.Or(r.failure, errLate)}
}

var errLate = errors.New("the key set did not come in time")

func (r *Remote) age() time.Duration { return r.now().Sub(r.fetched) }

func (r *Remote) usable() bool { return r.keys != nil && r.age() < staleFor }

// mayFetch tells whether it is time for a fetch.
func (r *Remote) mayFetch(missing bool) bool {
	if r.failure != nil {
		return !r.now().Before(r.next)
	}
	return r.keys == nil || r.age() >= freshFor || missing && r.age() >= unknownPause
}

// start begins a fetch that does not end with the request that needs it first: others
// wait for it too. It ends by itself in time.
func (r *Remote) start(ctx context.Context) chan struct{} {
	done := make(chan struct{})
	r.flight = done
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	go func() {
		defer cancel()
		keys, err := r.contain(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.failure = err; err == nil {
			r.keys, r.fetched, r.failures = keys, r.now(), 0
		} else {
			r.next = r.now().Add(min(minPause<<min(r.failures, 10), maxPause))
			r.failures++
		}
		r.flight = nil
		close(done)
	}()
	return done
}

// contain is fetch, with a panic as an error: nobody else would catch it here.
func (r *Remote) contain(ctx context.Context) (keys []Key, err error) {
	defer func() {
		if v := recover(); v != nil {
			keys, err = nil, fmt.Errorf("the fetch of the key set panicked: %v", v)
		}
	}()
	return r.fetch(ctx)
}

// wait waits for the end of a fetch, without the lock.
func (r *Remote) wait(ctx context.Context, flight chan struct{}, limit time.Duration) {
	r.mu.Unlock()
	defer r.mu.Lock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-flight:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (r *Remote) fetch(ctx context.Context) ([]Key, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := r.transport.RoundTrip(req) // a transport: redirects are not followed
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxJWKS))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.New("the key set's server answers " + res.Status)
	}
	return parseSet(text)
}

package certs

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"sync"
	"time"
)

const (
	fetchTimeout = 4 * time.Second // senders wait for five and more
	freshFor     = time.Hour       // then a certificate is fetched again
	staleFor     = 24 * time.Hour  // and so long it is used while that fails
	refusedFor   = time.Minute     // so long a URL that gave no certificate is not asked again
	maxKept      = 32              // certificates, and URLs that gave none
	maxFetches   = 20              // a minute: whoever may send can make up URLs
)

// Options are what a store is made of.
type Options struct {
	Hosts   []string          // that certificates are fetched from
	Subject map[string]string // what theirs must have: CN, O, OU
	// Roots gives what they must chain to; nil: the system's roots.
	Roots     func(context.Context) (*x509.CertPool, error)
	Transport http.RoundTripper
	Now       func() time.Time
}

// Store fetches certificates, and keeps them. It is safe for concurrent use.
type Store struct {
	o Options

	turn    chan struct{} // held by the one who fetches
	mu      sync.Mutex
	kept    map[string]*entry
	fetches []time.Time // of the last minute
}

// entry is what a URL gave.
type entry struct {
	key     *rsa.PublicKey
	from    time.Time // the certificate, and all that it chains to, is good
	to      time.Time
	fetched time.Time
	tried   time.Time // to fetch it, with success or without
	refused error     // why it is not taken; nil where there is a key
}

// New makes a store.
func New(o Options) *Store {
	return &Store{o: o, turn: make(chan struct{}, 1), kept: map[string]*entry{}}
}

// Refused says why a certificate is not taken: whoever named it is at fault.
type Refused string

// Error gives the reason.
func (r Refused) Error() string { return string(r) }

// Unavailable is a certificate that could not be fetched. It may be there the next time.
type Unavailable struct{ Err error }

// Error tells what failed.
func (u *Unavailable) Error() string { return "the certificate cannot be fetched: " + u.Err.Error() }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Err }

// Get gives the public key of the certificate behind a URL. Its error is Refused, or an *Unavailable.
func (s *Store) Get(ctx context.Context, address string) (*rsa.PublicKey, error) {
	if err := s.checkURL(address); err != nil {
		return nil, err
	}
	if key, ok, err := s.fresh(address); ok {
		return key, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return s.old(address, ctx.Err())
	}
	if key, ok, err := s.fresh(address); ok { // somebody else has fetched it
		return key, err
	}
	if !s.mayFetch() {
		return s.old(address, errTooMany)
	}
	e, err := s.fetch(ctx, address)
	if err != nil {
		return s.old(address, err)
	}
	s.keep(address, e)
	key, _, err := s.fresh(address)
	return key, err
}

// fresh gives what is known of a URL, as long as it need not be fetched again.
func (s *Store) fresh(address string) (key *rsa.PublicKey, ok bool, refused error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, now := s.kept[address], s.o.Now()
	switch {
	case e == nil:
		return nil, false, nil
	case e.refused != nil:
		return nil, now.Sub(e.tried) < refusedFor, e.refused
	case now.Before(e.from) || now.After(e.to):
		return nil, now.Sub(e.tried) < refusedFor, Refused("the certificate is not good at this time")
	}
	age := now.Sub(e.fetched)
	return e.key, age < freshFor || age < staleFor && now.Sub(e.tried) < refusedFor, nil
}

// old gives a certificate that could not be fetched again, while it may be used.
func (s *Store) old(address string, cause error) (*rsa.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	if e := s.kept[address]; e != nil && e.key != nil {
		e.tried = now
		if now.Sub(e.fetched) < staleFor && !now.After(e.to) {
			return e.key, nil
		}
	}
	return nil, &Unavailable{cause}
}

// mayFetch counts a fetch, and tells whether there may be another one this minute.
func (s *Store) mayFetch() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	for len(s.fetches) > 0 && now.Sub(s.fetches[0]) >= time.Minute {
		s.fetches = s.fetches[1:]
	}
	if len(s.fetches) >= maxFetches {
		return false
	}
	s.fetches = append(s.fetches, now)
	return true
}

// keep remembers what a URL gave, for the one that was fetched the longest ago where there are many; those that gave
// nothing go first, so that made-up URLs displace no certificate.
func (s *Store) keep(address string, e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[address] = e
	for len(s.kept) > maxKept {
		oldest := ""
		for name, other := range s.kept {
			if name != address && (oldest == "" || gives(other, s.kept[oldest])) {
				oldest = name
			}
		}
		delete(s.kept, oldest)
	}
}

// gives tells whether an entry gives way before another one.
func gives(e, other *entry) bool {
	if (e.key == nil) != (other.key == nil) {
		return e.key == nil
	}
	return e.tried.Before(other.tried)
}

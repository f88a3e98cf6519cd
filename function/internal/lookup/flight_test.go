package lookup_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/lookup"
)

// One call per key, whoever waits for it; one that gives up does not end it for the others.
func TestOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
			select {
			case <-time.After(time.Second):
				return answer(200, `"sun"`), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}}
		s := newSet(t, of, weather(nil))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := s.Get(ctx, "weather", at("Bern")); !errors.Is(got.Err, lookup.Late) {
				t.Errorf("the first, which gave up: %+v", got)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if got := s.Get(t.Context(), "weather", at("Bern")); got.Value != "sun" {
					t.Errorf("one that waits: %+v", got)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if got := s.Get(t.Context(), "weather", at("Bern")); got.State != lookup.Hit || of.calls.Load() != 1 {
			t.Errorf("%s after %d calls", got.State, of.calls.Load())
		}
	})
}

// Keys that are waited for are bounded: what comes in addition fails at once.
func TestTooManyKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, hangs(), weather(nil))
		var wg sync.WaitGroup
		var atOnce atomic.Int64
		for i := range lookup.MaxFlights + 5 {
			wg.Go(func() {
				start := time.Now()
				got := s.Get(t.Context(), "weather", at(i))
				if time.Since(start) == 0 && errors.Is(got.Err, lookup.Busy) {
					atOnce.Add(1)
				}
			})
		}
		wg.Wait()
		if atOnce.Load() != 5 {
			t.Errorf("%d failed at once, want 5", atOnce.Load())
		}
	})
}

// Calls that stall together once are no reason not to ask again: those that wait for their turn get their answers.
func TestOneStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := &service{serve: func(r *http.Request, n int64) (*http.Response, error) {
			if n > lookup.MaxCallsOfOne {
				time.Sleep(100 * time.Millisecond)
				return answer(200, `"sun"`), nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		s := newSet(t, of, weather(nil))
		var fine atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				in := at(i)
				in.Until = time.Now().Add(3500 * time.Millisecond)
				if s.Get(t.Context(), "weather", in).Value == "sun" {
					fine.Add(1)
				}
			})
		}
		wg.Wait()
		if want := int64(200 - lookup.MaxCallsOfOne); fine.Load() != want {
			t.Errorf("%d have an answer, want %d", fine.Load(), want)
		}
	})
}

// Many senders with keys of their own, while the service hangs: each waits for its patience at most, and most of them
// not at all. The service gets few calls, and is found when it is back.
func TestHangingService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var back atomic.Bool
		var now, peak atomic.Int64
		of := &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
			peak.Store(max(peak.Load(), now.Add(1)))
			defer now.Add(-1)
			if back.Load() {
				return answer(200, `"sun"`), nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		s := newSet(t, of, weather(nil))
		const patience = 3500 * time.Millisecond
		send := func(n int) {
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					start := time.Now()
					got := s.Get(ctx, "weather", at(fmt.Sprint(time.Now().UnixNano(), i)))
					took := time.Since(start)
					if got.State != lookup.Failed || took > patience || !got.Err.Kind.Retryable() {
						t.Errorf("%s after %s: %v", got.State, took, got.Err)
					}
				})
			}
			wg.Wait()
		}
		send(200)
		time.Sleep(500 * time.Millisecond) // the second calls end
		synctest.Wait()
		if of.calls.Load() > 2*lookup.MaxCallsOfOne+4 || peak.Load() > lookup.MaxCallsOfOne {
			t.Errorf("%d calls, %d at a time", of.calls.Load(), peak.Load())
		}
		before := of.calls.Load()
		start := time.Now()
		send(200) // the circuit is open
		if took := time.Since(start); took != 0 || of.calls.Load() != before {
			t.Errorf("an open circuit: %s, %d calls", took, of.calls.Load()-before)
		}
		back.Store(true)
		time.Sleep(5 * time.Second)
		if got := s.Get(t.Context(), "weather", at("Bern")); got.Value != "sun" {
			t.Errorf("the service is back: %+v", got)
		}
	})
}

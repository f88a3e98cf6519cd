package storagequeue_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/function/internal/queue/storagequeue"
)

// A token is kept until shortly before its end.
func TestToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	asked, tokens := 0, map[string]int{}
	q, err := storagequeue.New(storagequeue.Options{
		URL: "https://acc.queue.core.windows.net/mayfly",
		Token: func(context.Context) (string, time.Time, error) {
			asked++
			return strings.Repeat("T", asked), now.Add(time.Hour), nil
		},
		Now: func() time.Time { return now },
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			tokens[r.Header.Get("Authorization")]++
			return &http.Response{
				StatusCode: http.StatusOK, Body: http.NoBody,
				Header: http.Header{"X-Ms-Approximate-Messages-Count": {"0"}},
			}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := q.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(56 * time.Minute)
	if err := q.Check(t.Context()); err != nil || asked != 2 || tokens["Bearer T"] != 3 || tokens["Bearer TT"] != 1 {
		t.Errorf("%v, asked %d times, %v", err, asked, tokens)
	}
}

// A token is used until its end when it cannot be renewed, and nobody waits longer than allowed for somebody else's
// call.
func TestTokenCannotBeRenewed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	end, asked := now.Add(time.Hour), 0
	answer := func(context.Context) error { return nil }
	q, err := storagequeue.New(storagequeue.Options{
		URL: "https://acc.queue.core.windows.net/mayfly",
		Token: func(ctx context.Context) (string, time.Time, error) {
			asked++
			return "T", end, answer(ctx)
		},
		Now: func() time.Time { return now },
		Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusOK, Body: http.NoBody,
				Header: http.Header{"X-Ms-Approximate-Messages-Count": {"0"}},
			}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(wantAsked int) {
		t.Helper()
		if err := q.Check(t.Context()); err != nil || asked != wantAsked {
			t.Errorf("%v, asked %d times, want %d", err, asked, wantAsked)
		}
	}
	check(1)
	now = now.Add(56 * time.Minute)
	answer = func(context.Context) error { return errors.New("the identity does not answer") }
	check(2)
	check(2) // not for each call
	now = now.Add(15 * time.Second)
	check(3)

	begun, hangs := make(chan bool), make(chan bool)
	answer = func(context.Context) error {
		close(begun)
		<-hangs
		return nil
	}
	now = now.Add(time.Minute)
	var renewing sync.WaitGroup
	renewing.Go(func() { check(4) })
	<-begun
	check(4) // by the token that is good
	close(hangs)
	renewing.Wait()

	now = end
	begun, hangs = make(chan bool), make(chan bool)
	renewing.Go(func() { _ = q.Check(t.Context()) })
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	close(hangs)
	renewing.Wait()
}

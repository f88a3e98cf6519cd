package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mayfly/function/internal/queue"
)

// tester is a queue under test, with what the tests do again and again. Its methods end the test when they fail.
type tester struct {
	*testing.T
	queue.Queue
	o Options
}

func item(key string, n int) queue.Item {
	return queue.Item{Key: key, ID: fmt.Sprintf("%s-%d", key, n), Data: fmt.Appendf(nil, "data of %s %d", key, n)}
}

// within is a context for a call that has something to do.
func (t *tester) within() context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), t.o.Within)
	t.Cleanup(cancel)
	return ctx
}

// put stores items, all of them.
func (t *tester) put(items ...queue.Item) {
	t.Helper()
	for i, err := range t.Put(t.within(), items) {
		if err != nil {
			t.Fatalf("put %s: %v", items[i].ID, err)
		}
	}
}

// receive gives exactly n items, by as many calls as it takes; those of one call stay leased when the next is made.
func (t *tester) receive(n int) []*queue.Leased {
	t.Helper()
	var got []*queue.Leased
	for ctx := t.within(); len(got) < n; {
		more, err := t.Receive(ctx, n-len(got))
		if err != nil {
			t.Fatalf("received %v, want %d items: %v", ids(got), n, err)
		}
		if len(more) == 0 || len(more) > n-len(got) {
			t.Fatalf("one call received %d items, want 1 to %d", len(more), n-len(got))
		}
		got = append(got, more...)
	}
	return got
}

// drain receives and deletes until it has n items.
func (t *tester) drain(n int) []*queue.Leased {
	t.Helper()
	var got []*queue.Leased
	for ctx := t.within(); len(got) < n; {
		more, err := t.Receive(ctx, 10)
		if err != nil {
			t.Fatalf("received %v, want %d items: %v", ids(got), n, err)
		}
		got = append(got, more...)
		t.remove(more...)
	}
	if len(got) > n {
		t.Fatalf("received %v, want %d items", ids(got), n)
	}
	return got
}

// nothing expects that no item can be received.
func (t *tester) nothing() {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), t.o.Quiet)
	defer cancel()
	got, err := t.Receive(ctx, 10)
	if len(got) > 0 {
		t.Fatalf("received %v, want nothing", ids(got))
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v, want the context's", err)
	}
}

func (t *tester) remove(items ...*queue.Leased) {
	t.Helper()
	if err := t.Delete(t.within(), items); err != nil {
		t.Fatalf("delete %v: %v", ids(items), err)
	}
}

func (t *tester) giveBack(after time.Duration, items ...*queue.Leased) {
	t.Helper()
	if err := t.Return(t.within(), items, after); err != nil {
		t.Fatalf("return %v: %v", ids(items), err)
	}
}

func (t *tester) bury(it *queue.Leased, reason string) {
	t.Helper()
	if err := t.Bury(t.within(), it, []byte(reason)); err != nil {
		t.Fatalf("bury %s: %v", it.ID, err)
	}
}

// dead gives the dead letters once there are n of them: some servers are slow to show them.
func (t *tester) dead(n int) []queue.DeadLetter {
	t.Helper()
	var list []queue.DeadLetter
	t.eventually(func() error {
		var err error
		if list, err = t.DeadLetters().List(t.within(), 100); err == nil && len(list) != n {
			err = fmt.Errorf("%d dead letters, want %d", len(list), n)
		}
		return err
	})
	return list
}

// eventually waits until check has no error: some servers count late.
func (t *tester) eventually(check func() error) {
	t.Helper()
	ctx := t.within()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// same expects items with these ids, in this order where the queue keeps one.
func (t *tester) same(got []*queue.Leased, want ...string) {
	t.Helper()
	have := ids(got)
	if !t.Limits().Ordered {
		slices.Sort(have)
		want = slices.Sorted(slices.Values(want))
	}
	if !slices.Equal(have, want) {
		t.Fatalf("received %v, want %v", have, want)
	}
}

func (t *tester) equal(got, want queue.Item) {
	t.Helper()
	if got.Key != want.Key || got.ID != want.ID || !bytes.Equal(got.Data, want.Data) {
		t.Fatalf("item {%q %q %.80q}, want {%q %q %.80q}", got.Key, got.ID, got.Data, want.Key, want.ID, want.Data)
	}
}

func ids(items []*queue.Leased) []string {
	list := make([]string, len(items))
	for i, it := range items {
		list[i] = it.ID
	}
	return list
}

// failedAs expects an error of the queue of a kind.
func (t *tester) failedAs(err error, kind queue.Kind) {
	t.Helper()
	var failure *queue.Error
	if !errors.As(err, &failure) || failure.Kind != kind {
		t.Fatalf("error %v, want one of kind %q", err, kind)
	}
}

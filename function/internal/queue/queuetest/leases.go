package queuetest

import (
	"context"
	"errors"
	"time"

	"mayfly/function/internal/queue"
)

// pass lets a time pass and a little more: servers round.
func (t *tester) pass(d time.Duration) { t.o.Sleep(t.Queue, d+t.o.Tick/4) }

func leaseEnds(t *tester) {
	t.put(item("a", 1), item("a", 2))
	first := t.receive(1)
	t.pass(t.Limits().Lease)
	again := t.receive(2)
	t.same(again, "a-1", "a-2")
	for _, it := range again {
		if it.ID == first[0].ID && it.Attempts != 2 {
			t.Errorf("attempt %d, want 2", it.Attempts)
		}
	}
}

func leaseExtended(t *tester) {
	lease := t.Limits().Lease
	t.put(item("a", 1))
	got := t.receive(1)
	if err := t.Extend(t.within(), got, 3*lease); err != nil {
		t.Fatal(err)
	}
	t.pass(lease)
	t.nothing()
	t.pass(2 * lease)
	again := t.receive(1)
	t.same(again, "a-1")
	t.remove(again...)
	t.nothing()
}

// leaseLost: whoever comes late may be told so, and must not disturb the one who has the item now, but for deleting it.
func leaseLost(t *tester) {
	t.put(item("a", 1))
	late := t.receive(1)
	t.pass(t.Limits().Lease)
	now := t.receive(1)

	for name, err := range map[string]error{
		"extend": t.Extend(t.within(), late, t.Limits().Lease),
		"return": t.Return(t.within(), late, 0),
	} {
		var failure *queue.Error
		if err != nil && (!errors.As(err, &failure) || failure.Kind != queue.LeaseLost) {
			t.Errorf("%s: error %v, want none or one of kind %q", name, err, queue.LeaseLost)
		}
	}
	err := t.Delete(t.within(), late)
	if err != nil {
		t.failedAs(err, queue.LeaseLost)
	}
	if err := t.Delete(t.within(), now); err != nil {
		t.failedAs(err, queue.LeaseLost)
	}
	t.nothing()
}

func closeEnds(t *tester) {
	ended := make(chan error, 1)
	go func() {
		_, err := t.Receive(context.Background(), 1)
		ended <- err
	}()
	time.Sleep(t.o.Quiet / 10)
	if err := t.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Fatal("receive ended without an error")
		}
	case <-time.After(t.o.Within):
		t.Fatal("receive does not end with the queue")
	}
}

func closedTakesNothing(t *tester) {
	t.put(item("a", 1))
	if err := t.Close(); err != nil {
		t.Fatal(err)
	}
	errs := t.Put(t.within(), []queue.Item{item("a", 2), item("a", 3)})
	if len(errs) != 2 || errs[0] == nil || errs[1] == nil {
		t.Errorf("put: errors %v, want two", errs)
	}
	if got, err := t.Receive(t.within(), 1); err == nil {
		t.Errorf("received %v", ids(got))
	}
	if err := t.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

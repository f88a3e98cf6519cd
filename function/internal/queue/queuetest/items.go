package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mayfly/function/internal/queue"
)

func arrives(t *tester) {
	before := time.Now().Add(-time.Hour)
	want := map[string]queue.Item{}
	for n := range 3 {
		for _, key := range []string{"a", "b"} {
			it := item(key, n)
			want[it.ID] = it
			t.put(it)
		}
	}
	for _, got := range t.drain(len(want)) {
		t.equal(got.Item, want[got.ID])
		if got.Attempts != 1 {
			t.Errorf("%s: attempt %d, want 1", got.ID, got.Attempts)
		}
		if !got.Put.IsZero() && t.o.Reopen == nil && got.Put.Before(before) {
			t.Errorf("%s was put at %v", got.ID, got.Put)
		}
		delete(want, got.ID)
	}
	if len(want) > 0 {
		t.Fatalf("%d items did not arrive", len(want))
	}
	t.nothing()
}

func bytesOfEveryKind(t *tester) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for i, data := range [][]byte{
		{0}, {'\n'}, all, bytes.Repeat([]byte{0xff}, 1000), []byte(`{"text":"<&>\u0000\"é漢😀"}`), []byte(" \r\n\t "),
		bytes.Repeat(all, 40), []byte("=?%2B+/"),
	} {
		want := queue.Item{Key: "device", ID: fmt.Sprint("id-", i), Data: data}
		t.put(want)
		got := t.receive(1)
		t.equal(got[0].Item, want)
		t.remove(got...)
	}
}

func keysOfEveryKind(t *tester) {
	for i, key := range []string{
		"d", "a.b.c", "*", ">", "tenant/fleet/device", "with space", "d-_:.+%#*?!(),=@$'", "é漢😀",
		strings.Repeat("k", 128), strings.Repeat("k", 300), "A", "a",
	} {
		want := queue.Item{Key: key, ID: fmt.Sprint("id ", i, " of ", key), Data: []byte("x")}
		t.put(want)
		got := t.receive(1)
		t.equal(got[0].Item, want)
		t.remove(got...)
	}
}

func manyInOneCall(t *tester) {
	items := make([]queue.Item, 250)
	for i := range items {
		items[i] = item(fmt.Sprint("key", i%7), i)
	}
	t.put(items...)
	t.inOrder(t.drain(len(items)))
}

func nothingPut(t *tester) {
	if errs := t.Put(t.within(), nil); len(errs) > 0 {
		t.Fatalf("errors %v, want none", errs)
	}
	t.nothing()
}

// oneID: a queue may drop a duplicate, but no more.
func oneID(t *tester) {
	t.put(item("a", 1))
	t.put(item("a", 1))
	t.put(item("a", 2))
	seen := map[string]int{}
	for len(seen) < 2 {
		for _, got := range t.receive(1) {
			seen[got.ID]++
			t.remove(got)
		}
	}
	if seen["a-1"] > 2 || seen["a-2"] != 1 {
		t.Fatalf("received %v", seen)
	}
}

func tooLarge(t *tester) {
	limit := t.Limits().ItemBytes
	fits := queue.Item{Key: "a", ID: "fits", Data: bytes.Repeat([]byte("x"), limit)}
	over := queue.Item{Key: "a", ID: "over", Data: make([]byte, limit+1)}
	errs := t.Put(t.within(), []queue.Item{item("a", 1), over, fits})
	if len(errs) != 3 || errs[0] != nil || errs[2] != nil {
		t.Fatalf("errors %v, want one for the second of three items", errs)
	}
	t.failedAs(errs[1], queue.TooLarge)
	got := t.drain(2)
	t.same(got, "a-1", "fits")
	for _, it := range got {
		if it.ID == "fits" {
			t.equal(it.Item, fits)
		}
	}
	t.nothing()
}

func receiveWaits(t *tester) {
	type result struct {
		items []*queue.Leased
		err   error
	}
	received := make(chan result, 1)
	ctx := t.within()
	go func() {
		items, err := t.Receive(ctx, 5)
		received <- result{items, err}
	}()
	select {
	case r := <-received:
		t.Fatalf("an empty queue gave %v, %v", ids(r.items), r.err)
	case <-time.After(t.o.Quiet):
	}
	t.put(item("a", 1))
	r := <-received
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.same(r.items, "a-1")
}

func receiveEnds(t *tester) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := t.Receive(ctx, 1)
		ended <- err
	}()
	time.Sleep(t.o.Quiet / 10)
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want the context's", err)
		}
	case <-time.After(t.o.Within):
		t.Fatal("receive does not end with its context")
	}
	t.put(item("a", 1)) // must not be leased to the call that has ended
	t.same(t.receive(1), "a-1")
}

func receiveBounded(t *tester) {
	for n := range 20 {
		t.put(item(fmt.Sprint("key", n), n))
	}
	for _, n := range []int{1, 3, 16} {
		got, err := t.Receive(t.within(), n)
		if err != nil || len(got) == 0 || len(got) > n {
			t.Fatalf("asked for %d, received %v, %v", n, ids(got), err)
		}
		t.remove(got...)
	}
}

func fullRefuses(t *tester) {
	data := make([]byte, 1000)
	stored, refused := 0, error(nil)
	for n := range 100 {
		errs := t.Put(t.within(), []queue.Item{{Key: "a", ID: fmt.Sprint("id", n), Data: data}})
		if len(errs) > 0 && errs[0] != nil {
			refused = errs[0]
			break
		}
		stored++
	}
	t.failedAs(refused, queue.Full)
	if stored == 0 {
		t.Fatal("nothing was stored")
	}
	t.drain(stored)
	t.nothing()
	t.eventually(func() error {
		errs := t.Put(t.within(), []queue.Item{item("a", 1)})
		return errors.Join(errs...)
	})
	t.same(t.receive(1), "a-1")
}

package queuetest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"mayfly/function/internal/queue"
)

// inOrder expects the numbers in the ids to grow per key, where the queue keeps an order.
func (t *tester) inOrder(items []*queue.Leased) {
	t.Helper()
	if !t.Limits().Ordered {
		return
	}
	last := map[string]int{}
	for _, it := range items {
		n, err := strconv.Atoi(it.ID[strings.LastIndexByte(it.ID, '-')+1:])
		if err != nil {
			t.Fatal(err)
		}
		if before, seen := last[it.Key]; seen && n <= before {
			t.Fatalf("key %s: %d came after %d", it.Key, n, before)
		}
		last[it.Key] = n
	}
}

func keepsOrder(t *tester) {
	for n := range 20 {
		for k := range 5 {
			t.put(item(fmt.Sprint("key", k), n))
		}
	}
	t.inOrder(t.drain(100))
}

func waitsForLeased(t *tester) {
	t.put(item("a", 1))
	first := t.receive(1)
	t.same(first, "a-1")
	t.put(item("a", 2), item("b", 1))
	if !t.Limits().Ordered {
		t.same(t.receive(2), "a-2", "b-1")
		return
	}
	second := t.receive(1)
	t.same(second, "b-1")
	t.nothing()
	t.remove(first...)
	t.same(t.receive(1), "a-2")
}

func waitsForReturned(t *tester) {
	t.put(item("a", 1), item("a", 2))
	first := t.receive(1)
	t.giveBack(5*t.o.Tick, first...)
	t.put(item("b", 1))
	if !t.Limits().Ordered {
		t.receive(2)
	} else {
		t.same(t.receive(1), "b-1")
		t.nothing()
	}
	t.o.Sleep(t.Queue, 5*t.o.Tick+t.o.Tick/2)
	again := t.receive(1)
	t.same(again, first[0].ID)
	if again[0].Attempts != 2 {
		t.Errorf("attempt %d, want 2", again[0].Attempts)
	}
	t.remove(again...)
	if t.Limits().Ordered {
		t.same(t.receive(1), "a-2")
	}
}

// settledInParts: of three items of one key, the second fails.
func settledInParts(t *tester) {
	t.put(item("a", 1), item("a", 2), item("a", 3))
	got, err := t.Receive(t.within(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.remove(got[0])
	if len(got) > 1 {
		t.giveBack(0, got[1:]...)
	}
	rest := t.drain(2)
	t.inOrder(rest)
	t.nothing()
}

func returnedAtOnce(t *tester) {
	t.put(item("a", 1))
	for attempt := 1; attempt <= 3; attempt++ {
		got := t.receive(1)
		t.equal(got[0].Item, item("a", 1))
		if got[0].Attempts != attempt {
			t.Errorf("attempt %d, want %d", got[0].Attempts, attempt)
		}
		t.giveBack(0, got...)
	}
	t.drain(1)
	t.nothing()
}

// receiversShareNothing: four receivers, each item once, and in order per key over all of them.
func receiversShareNothing(t *tester) {
	const keys, each = 20, 10
	for n := range each {
		var items []queue.Item
		for k := range keys {
			items = append(items, item(fmt.Sprint("key", k), n))
		}
		t.put(items...)
	}
	ctx, cancel := context.WithCancel(t.within())
	defer cancel()
	var mu sync.Mutex
	var all []*queue.Leased
	var receivers sync.WaitGroup
	for range 4 {
		receivers.Go(func() {
			for {
				got, err := t.Receive(ctx, 7)
				if err != nil {
					return
				}
				mu.Lock()
				all = append(all, got...)
				complete := len(all) >= keys*each
				mu.Unlock()
				if err := t.Delete(context.WithoutCancel(ctx), got); err != nil {
					t.Error(err)
				}
				if complete {
					cancel()
				}
			}
		})
	}
	receivers.Wait()
	seen := map[string]bool{}
	for _, it := range all {
		if seen[it.ID] {
			t.Errorf("%s was received twice", it.ID)
		}
		seen[it.ID] = true
	}
	if len(seen) != keys*each {
		t.Fatalf("%d items were received, want %d", len(seen), keys*each)
	}
	t.inOrder(all)
	t.nothing()
}

func putsAtTheSameTime(t *tester) {
	const senders, each = 8, 25
	ctx := t.within()
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for n := range each {
				for _, err := range t.Put(ctx, []queue.Item{item(fmt.Sprint("key", s), n)}) {
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	got := t.drain(senders * each)
	sending.Wait()
	t.inOrder(got)
	t.nothing()
}

package order_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mayfly/function/internal/queue/order"
)

var start = time.Unix(1_900_000_000, 0)

func names(entries []*order.Entry[string]) []string {
	var list []string
	for _, e := range entries {
		list = append(list, e.Ref)
	}
	return list
}

// TestFair: a key with much does not keep one with little waiting, and gives a batch.
func TestFair(t *testing.T) {
	l := order.New[string]()
	seq := uint64(0)
	add := func(key string, n int) {
		for i := range n {
			seq++
			l.Add(key, seq, start, fmt.Sprint(key, i))
		}
	}
	add("a", 100)
	add("b", 1)
	add("c", 3)
	for i, want := range [][]string{
		{"a0", "a1", "b0", "c0", "c1", "a2", "a3", "c2"},
	} {
		if got := names(l.Take(start, 8, time.Minute)); !slices.Equal(got, want) {
			t.Errorf("call %d took %v, want %v", i, got, want)
		}
	}
	if got := l.Take(start, 8, time.Minute); len(got) > 0 {
		t.Errorf("took %v while earlier ones are leased", names(got))
	}
	got := names(l.Take(start.Add(time.Minute), 4, time.Minute))
	if !slices.Equal(got, []string{"a0", "b0", "c0", "a1"}) {
		t.Errorf("after the leases ended: %v", got)
	}
}

// TestRandom: whatever is done, an item is given while it is free and all before it are gone, and never gets lost.
func TestRandom(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 17))
		l, now := order.New[string](), start
		held := map[*order.Entry[string]]int{}
		left := map[string][]uint64{} // seqs by key
		var seq uint64
		settle := func(e *order.Entry[string], attempt int) {
			delete(held, e)
			if !e.Holds(attempt) {
				return
			}
			switch r.IntN(4) {
			case 0:
				l.GiveBack(e, now.Add(time.Duration(r.IntN(20))*time.Second))
			case 1:
				l.Extend(e, now.Add(time.Duration(r.IntN(20))*time.Second))
				held[e] = attempt
			default:
				l.Remove(e)
				left[e.Key()] = slices.DeleteFunc(left[e.Key()], func(s uint64) bool { return s == e.Seq })
			}
		}
		for range 500 {
			switch r.IntN(4) {
			case 0:
				seq++
				key := fmt.Sprint(r.IntN(5))
				left[key] = append(left[key], seq)
				l.Add(key, seq, now, "")
			case 1:
				for _, e := range l.Take(now, 1+r.IntN(8), time.Duration(r.IntN(20))*time.Second) {
					held[e] = e.Attempts
				}
			case 2:
				now = now.Add(time.Duration(r.IntN(5)) * time.Second)
			case 3:
				for e, attempt := range held {
					settle(e, attempt)
					break
				}
			}
		}
		for drained := false; !drained; {
			now = now.Add(time.Minute)
			taken := l.Take(now, 1000, time.Second)
			for _, e := range taken {
				if len(left[e.Key()]) == 0 || left[e.Key()][0] != e.Seq {
					t.Fatalf("seed %d: key %s gave %d, want the first of %v", seed, e.Key(), e.Seq, left[e.Key()])
				}
				left[e.Key()] = left[e.Key()][1:]
				l.Remove(e)
			}
			drained = len(taken) == 0
		}
		if l.Len() != 0 || !l.Oldest().IsZero() {
			t.Fatalf("seed %d: %d items are left, the oldest of %v", seed, l.Len(), l.Oldest())
		}
		for key, seqs := range left {
			if len(seqs) > 0 {
				t.Fatalf("seed %d: key %s lost %v", seed, key, seqs)
			}
		}
	}
}

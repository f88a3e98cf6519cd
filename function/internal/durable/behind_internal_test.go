package durable

import (
	"strconv"
	"testing"
	"time"

	"mayfly/function/internal/queue"
)

// Where more messages wait than are known one by one, any device may be behind: for a while, though more are put.
func TestBehindAtItsLimit(t *testing.T) {
	var b behind
	begin := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	at := begin
	for i := range maxBehind {
		b.stored(b.add(strconv.Itoa(i), strconv.Itoa(i), at), at)
	}
	for minute := range 16 {
		id := "more-" + strconv.Itoa(minute)
		b.add("more", id, at)
		b.seen(queue.Depth{Items: maxBehind, Oldest: begin}, at, 0)
		if got, want := b.is("another"), minute < 15; got != want {
			t.Errorf("minute %d: %t", minute, got)
		}
		at = at.Add(time.Minute)
	}
	if len(b.ids) != maxBehind || !b.is("1") {
		t.Error(len(b.ids), "are known")
	}
	b.seen(queue.Depth{}, at, 0)
	if len(b.ids) != 0 || len(b.keys) != 0 || b.is("1") {
		t.Error(len(b.ids), "are left of an empty queue")
	}
}

package queuetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"mayfly/function/internal/queue"
)

const reason = `{"type":"about:blank","title":"Refused: <é> \"x\"","status":403,"code":"upstream_rejected"}`

func depthFollows(t *tester) {
	check := func(items, dead int) {
		t.Helper()
		t.eventually(func() error {
			d, err := t.Depth(t.within())
			if err == nil && (d.Items != items || d.Dead != dead) {
				err = fmt.Errorf("depth %+v, want %d items, %d dead", d, items, dead)
			}
			return err
		})
	}
	check(0, 0)
	t.put(item("a", 1), item("b", 1), item("c", 1))
	check(3, 0)
	got := t.receive(3)
	check(3, 0)
	t.remove(got[0])
	check(2, 0)
	t.bury(got[1], reason)
	check(1, 1)
	t.giveBack(0, got[2])
	check(1, 1)
	t.drain(1)
	check(0, 1)
	d, err := t.Depth(t.within())
	if err != nil || !d.Oldest.IsZero() {
		t.Fatalf("oldest %v, %v, want none", d.Oldest, err)
	}
}

func buried(t *tester) {
	for n := range 3 {
		t.put(item("a", n))
		t.bury(t.receive(1)[0], fmt.Sprintf(`{"code":"code-%d","detail":%q}`, n, reason))
	}
	t.nothing()
	seen := map[string]bool{}
	for _, letter := range t.dead(3) {
		var n int
		if _, err := fmt.Sscanf(letter.Item.ID, "a-%d", &n); err != nil {
			t.Fatalf("dead letter of %q", letter.Item.ID)
		}
		t.equal(letter.Item, item("a", n))
		want := fmt.Sprintf(`{"code":"code-%d","detail":%q}`, n, reason)
		if !sameJSON(letter.Reason, []byte(want)) {
			t.Errorf("reason %s, want %s", letter.Reason, want)
		}
		if letter.ID == "" || seen[letter.ID] {
			t.Errorf("dead letters share the id %q", letter.ID)
		}
		seen[letter.ID] = true
	}
	if list, err := t.DeadLetters().List(t.within(), 2); err != nil || len(list) != 2 {
		t.Errorf("%d dead letters, %v, want the 2 that were asked for", len(list), err)
	}
	t.dead(3) // listing changes nothing
}

func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func buriedLetsPass(t *tester) {
	t.put(item("a", 1), item("a", 2))
	first := t.receive(1)
	t.bury(first[0], reason)
	rest := t.drain(1)
	if rest[0].ID == first[0].ID {
		t.Fatalf("%s was buried and received", first[0].ID)
	}
	t.nothing()
}

func replayed(t *tester) {
	want := queue.Item{Key: "a", ID: "the one", Data: []byte{0, 1, 2, 0xff}}
	t.put(want)
	t.bury(t.receive(1)[0], reason)
	letter := t.dead(1)[0]
	if err := t.DeadLetters().Replay(t.within(), letter.ID); err != nil {
		t.Fatal(err)
	}
	got := t.receive(1)
	t.equal(got[0].Item, want)
	t.dead(0)
	t.bury(got[0], reason) // and it may fail again
	t.dead(1)
}

func dropped(t *tester) {
	for n := range 2 {
		t.put(item("a", n))
		t.bury(t.receive(1)[0], reason)
	}
	letters := t.dead(2)
	if err := t.DeadLetters().Drop(t.within(), letters[0].ID); err != nil {
		t.Fatal(err)
	}
	if left := t.dead(1); left[0].Item.ID != letters[1].Item.ID {
		t.Fatalf("%s is left, want %s", left[0].Item.ID, letters[1].Item.ID)
	}
	t.nothing()
}

func noDeadLetter(t *tester) {
	t.put(item("a", 1))
	t.bury(t.receive(1)[0], reason)
	for _, id := range []string{"", "no-such-letter", "../../etc/passwd", "0"} {
		t.failedAs(t.DeadLetters().Replay(t.within(), id), queue.NoItem)
		t.failedAs(t.DeadLetters().Drop(t.within(), id), queue.NoItem)
	}
	t.dead(1)
}

// reopen closes the queue and opens it again.
func (t *tester) reopen() {
	t.Helper()
	if err := t.Close(); err != nil {
		t.Fatal(err)
	}
	t.Queue = t.o.Reopen(t.T, t.Queue)
}

func outlives(t *tester) {
	t.put(item("a", 1), item("a", 2), item("b", 1))
	t.remove(t.receive(1)...) // a-1 or b-1 is gone
	leased := t.receive(1)
	t.reopen()
	got := t.receiveAfter(t.Limits().Lease, 2)
	found := false
	for _, it := range got {
		found = found || it.ID == leased[0].ID
	}
	if !found {
		t.Fatalf("received %v, want %s among them", ids(got), leased[0].ID)
	}
	t.remove(got...)
	t.reopen()
	t.nothing()
}

// receiveAfter lets leases of another time end before it receives.
func (t *tester) receiveAfter(lease time.Duration, n int) []*queue.Leased {
	t.Helper()
	t.pass(lease)
	return t.receive(n)
}

func deadOutlive(t *tester) {
	t.put(item("a", 1))
	t.bury(t.receive(1)[0], reason)
	t.reopen()
	t.nothing()
	letter := t.dead(1)[0]
	t.equal(letter.Item, item("a", 1))
	if err := t.DeadLetters().Replay(t.within(), letter.ID); err != nil {
		t.Fatal(err)
	}
	t.reopen()
	t.same(t.receive(1), "a-1")
	t.dead(0)
}

func orderOutlives(t *tester) {
	for n := range 10 {
		t.put(item("a", n), item("b", n))
	}
	t.remove(t.receive(4)...)
	t.reopen()
	for n := 10; n < 15; n++ {
		t.put(item("a", n), item("b", n))
	}
	t.inOrder(t.drain(26))
	t.nothing()
}

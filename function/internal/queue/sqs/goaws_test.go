package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/sqs"
	"mayfly/internal/hosttest"
)

func atGoaws(t *testing.T, url, name string) *sqs.Queue {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	q, err := sqs.New(sqs.Options{
		URL: url + "/" + hosttest.GoawsAccount + "/" + name, Credentials: keys, Transport: transport, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// Everything that goaws can do is done with it. It keeps no order and counts no receives: that is tested with the
// imitation in this package.
func TestGoaws(t *testing.T) {
	t.Parallel()
	url := hosttest.StartGoaws(t, "mayfly", "other", "mayfly.fifo")
	for _, test := range []struct {
		name, queue string
		run         func(*testing.T, *sqs.Queue)
	}{
		{"a day", "mayfly", day},
		{"many", "other", many},
		{"FIFO", "mayfly.fifo", fifo},
		{"missing", "nowhere", missing},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, atGoaws(t, url, test.queue)) })
	}
}

// day puts, returns, extends, deletes, buries, replays and drops.
func day(t *testing.T, q *sqs.Queue) {
	if err := q.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	data := "{\"text\":\"<&>é漢😀\"}"
	put(t, q, data)
	got := receive(t, q, 10)
	if len(got) != 1 || string(got[0].Data) != data || got[0].Attempts != 1 || got[0].Put.IsZero() {
		t.Fatalf("%+v", got)
	}
	if err := q.Extend(t.Context(), got, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := q.Return(t.Context(), got, 0); err != nil {
		t.Fatal(err)
	}
	got = receive(t, q, 10)
	if err := q.Bury(t.Context(), got[0], []byte(`{"code":"invalid"}`)); err != nil {
		t.Fatal(err)
	}
	letters := q.DeadLetters()
	for range 2 { // a list changes nothing
		list, err := letters.List(t.Context(), 10)
		if err != nil || len(list) != 1 || string(list[0].Reason) != `{"code":"invalid"}` ||
			string(list[0].Item.Data) != data || time.Since(list[0].Buried) > time.Hour {
			t.Fatalf("%+v, %v", list, err)
		}
	}
	list, _ := letters.List(t.Context(), 10)
	if err := letters.Replay(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	got = receive(t, q, 10)
	if len(got) != 1 || string(got[0].Data) != data {
		t.Fatalf("%+v", got)
	}
	if err := q.Bury(t.Context(), got[0], nil); err != nil {
		t.Fatal(err)
	}
	if list, _ = letters.List(t.Context(), 10); len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	if err := letters.Drop(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	if d, err := q.Depth(t.Context()); err != nil || d != (queue.Depth{}) {
		t.Errorf("%+v, %v, want nothing", d, err)
	}
}

func many(t *testing.T, q *sqs.Queue) {
	items := make([]queue.Item, 250)
	for i := range items {
		items[i] = queue.Item{
			Key: fmt.Sprint("device ", i%7), ID: fmt.Sprint("id ", i), Data: slices.Repeat([]byte{'{', byte(i)}, 5000),
		}
	}
	if errs := q.Put(t.Context(), items); errs != nil {
		t.Fatal(errs)
	}
	seen := map[string]bool{}
	for len(seen) < len(items) {
		got := receive(t, q, 10)
		for _, it := range got {
			var n int
			if _, err := fmt.Sscanf(it.ID, "id %d", &n); err != nil || seen[it.ID] ||
				!slices.Equal(it.Data, items[n].Data) || it.Key != items[n].Key {
				t.Fatalf("%v: received %s %s", err, it.ID, it.Key)
			}
			seen[it.ID] = true
		}
		if err := q.Delete(t.Context(), got); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	if got, err := q.Receive(ctx, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v, want nothing", got, err)
	}
}

func fifo(t *testing.T, q *sqs.Queue) {
	if !q.Limits().Ordered {
		t.Error("a FIFO queue keeps the order")
	}
	for range 2 { // the second one is a duplicate
		put(t, q, "1")
	}
	put(t, q, "2")
	for _, want := range []string{"1", "2"} {
		got := receive(t, q, 1)
		if string(got[0].Data) != want {
			t.Fatalf("received %s, want %s", got[0].Data, want)
		}
		if err := q.Delete(t.Context(), got); err != nil {
			t.Fatal(err)
		}
	}
}

func missing(t *testing.T, q *sqs.Queue) {
	_, err := q.Receive(t.Context(), 1)
	for _, err := range append(q.Put(t.Context(), make([]queue.Item, 1)), err, q.Check(t.Context())) {
		failed, ok := errors.AsType[*queue.Error](err)
		if !ok || failed.Kind != queue.Missing {
			t.Errorf("error %v, want one of kind %q", err, queue.Missing)
		}
	}
}

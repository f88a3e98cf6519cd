package jetstream_test

import (
	"sync/atomic"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/jetstream"
	"mayfly/function/internal/queue/queuetest"
)

// clocked is a queue for which time passes when the test says so, beside the time that really passes: leases are long
// enough for a slow machine.
type clocked struct {
	*jetstream.Queue
	url    string
	passed *atomic.Int64
}

func (q *clocked) open(t *testing.T) *clocked {
	t.Helper()
	again := *q
	var err error
	again.Queue, err = jetstream.Open(t.Context(), q.url, jetstream.Options{
		Now: func() time.Time { return time.Now().Add(time.Duration(q.passed.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	return &again
}

func TestConformance(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	at := func(t *testing.T, parameters string) queue.Queue {
		return (&clocked{url: address(s, "lease=10s"+parameters), passed: &atomic.Int64{}}).open(t)
	}
	queuetest.Run(t, func(t *testing.T) queue.Queue { return at(t, "") }, queuetest.Options{
		Sleep:  func(q queue.Queue, d time.Duration) { q.(*clocked).passed.Add(int64(d)) },
		Within: time.Minute,
		Tick:   5 * time.Second,
		Reopen: func(t *testing.T, closed queue.Queue) queue.Queue { return closed.(*clocked).open(t) },
		Tight:  func(t *testing.T) queue.Queue { return at(t, "&max_bytes=50000") },
	})
}

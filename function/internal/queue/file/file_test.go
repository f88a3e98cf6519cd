package file_test

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
	"mayfly/function/internal/queue/queuetest"
)

// clocked is a queue whose time passes when the test says so.
type clocked struct {
	*file.Queue
	dir    string
	o      file.Options
	passed *atomic.Int64
}

func open(t *testing.T, dir string, o file.Options) *clocked {
	t.Helper()
	q := &clocked{dir: dir, o: o, passed: &atomic.Int64{}}
	start := time.Now()
	q.o.Now = func() time.Time { return start.Add(time.Duration(q.passed.Load())) }
	return q.open(t)
}

func (q *clocked) open(t *testing.T) *clocked {
	t.Helper()
	again := *q
	var err error
	if again.Queue, err = file.Open(q.dir, q.o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	return &again
}

func TestQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(t *testing.T) queue.Queue {
		return open(t, t.TempDir(), file.Options{})
	}, queuetest.Options{
		Sleep:  func(q queue.Queue, d time.Duration) { q.(*clocked).passed.Add(int64(d)) },
		Quiet:  30 * time.Millisecond,
		Reopen: func(t *testing.T, closed queue.Queue) queue.Queue { return closed.(*clocked).open(t) },
		Tight: func(t *testing.T) queue.Queue {
			return open(t, t.TempDir(), file.Options{MaxBytes: 20_000})
		},
	})
}

func item(key, id, data string) queue.Item { return queue.Item{Key: key, ID: id, Data: []byte(data)} }

func put(t *testing.T, q queue.Queue, items ...queue.Item) {
	t.Helper()
	for _, err := range q.Put(t.Context(), items) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// drain receives and deletes all that is there, in its order.
func drain(t *testing.T, q queue.Queue) []*queue.Leased {
	t.Helper()
	var all []*queue.Leased
	for {
		d, err := q.Depth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d.Items == 0 {
			return all
		}
		got := receive(t, q, 100)
		all = append(all, got...)
		if err := q.Delete(t.Context(), got); err != nil {
			t.Fatal(err)
		}
	}
}

func receive(t *testing.T, q queue.Queue, n int) []*queue.Leased {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := q.Receive(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func crc(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

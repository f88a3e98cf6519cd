package queuetest_test

import (
	"sync/atomic"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
)

// clocked is a queue whose time passes when the test says so.
type clocked struct {
	*queuetest.Memory
	passed atomic.Int64
}

func TestMemory(t *testing.T) {
	start := time.Now()
	open := func(maxItems int) func(*testing.T) queue.Queue {
		return func(*testing.T) queue.Queue {
			q := &clocked{Memory: queuetest.NewMemory()}
			q.MaxItems = maxItems
			q.Now = func() time.Time { return start.Add(time.Duration(q.passed.Load())) }
			return q
		}
	}
	queuetest.Run(t, open(1000), queuetest.Options{
		Sleep: func(q queue.Queue, d time.Duration) { q.(*clocked).passed.Add(int64(d)) },
		Quiet: 30 * time.Millisecond,
		Tight: open(10),
	})
}

package function_test

import (
	"strings"

	"mayfly/function"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
)

// testQueue is a queue of a transcript, in memory.
type testQueue struct {
	*queuetest.Memory
	limits queue.Limits
}

func (q *testQueue) Limits() queue.Limits { return q.limits }

// newTestQueue makes a queue whose Put fails as kind says, where that is not empty. "small" takes 1 KiB for each item.
func newTestQueue(kind string) function.Queue {
	q := &testQueue{Memory: queuetest.NewMemory()}
	q.limits = q.Memory.Limits()
	switch kind = strings.TrimSpace(kind); kind {
	case "":
	case "small":
		q.limits.ItemBytes = 1 << 10
	default:
		q.Fail = func() error { return &queue.Error{Kind: queue.Kind(kind), Queue: "test"} }
	}
	return q
}

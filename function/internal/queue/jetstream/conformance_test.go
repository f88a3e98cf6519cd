package jetstream_test

import (
	"sync"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	var urls sync.Map
	queuetest.Run(t, func(t *testing.T) queue.Queue {
		url := address(s, "")
		q := open(t, url)
		urls.Store(q, url)
		return q
	}, queuetest.Options{
		Tick: 200 * time.Millisecond,
		Reopen: func(t *testing.T, closed queue.Queue) queue.Queue {
			url, _ := urls.Load(closed)
			q := open(t, url.(string))
			urls.Store(q, url)
			return q
		},
		Tight: func(t *testing.T) queue.Queue { return open(t, address(s, "max_bytes=50000")) },
	})
}

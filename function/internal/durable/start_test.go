package durable_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/httpsend"
)

// fickle is a queue that does not answer at times.
type fickle struct {
	*queuetest.Memory
	deaf, full, hangs atomic.Bool // it does not tell how full it is; takes nothing; takes nothing and gives no answer
}

func (f *fickle) Depth(ctx context.Context) (queue.Depth, error) {
	if f.deaf.Load() {
		return queue.Depth{}, &queue.Error{Kind: queue.Unavailable, Queue: "test"}
	}
	return f.Memory.Depth(ctx)
}

func (f *fickle) Put(ctx context.Context, items []queue.Item) []error {
	if !f.full.Load() && !f.hangs.Load() {
		return f.Memory.Put(ctx, items)
	}
	if f.hangs.Load() {
		<-ctx.Done()
	}
	errs := make([]error, len(items))
	for i := range errs {
		errs[i] = &queue.Error{Kind: queue.Unavailable, Queue: "test"}
	}
	return errs
}

// Where the queue does not tell at the start what is in it, nothing overtakes that unless the queue does not take it;
// then the hub does.
func TestQueueIsAwayAtTheStart(t *testing.T) {
	down := &httpsend.Error{Kind: httpsend.Down}
	for name, c := range map[string]struct {
		full, hangs bool
		hub         error
		after       time.Duration // the queue answers then; 0: never
		wait        time.Duration
		want        string
	}{
		"it takes messages":                    {want: "q q"},
		"it takes messages, and tells later":   {after: time.Minute, wait: 62 * time.Second, want: "q q"},
		"it takes messages, and never tells":   {wait: 16 * time.Minute, want: "d d"},
		"it takes nothing":                     {full: true, want: "d d"},
		"it gives no answer":                   {hangs: true, want: "d d"},
		"it takes nothing, nor does the hub":   {full: true, hub: down, want: "queue-unavailable d"},
		"it gives no answer, nor does the hub": {hangs: true, hub: down, want: "queue-unavailable d"},
		"it takes nothing at first":            {full: true, after: time.Minute, wait: 62 * time.Second, want: "q q"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &fickle{Memory: queuetest.NewMemory()}
				q.Put(t.Context(), []queue.Item{{Key: "a", ID: "1", Data: []byte("{}")}})
				q.deaf.Store(true)
				q.full.Store(c.full)
				q.hangs.Store(c.hangs)
				a := acceptor(q, &hub{fails: map[string]error{"a": c.hub}})
				if a.Begin() {
					t.Fatal("it knows what is in the queue")
				}
				ctx, cancel := context.WithCancel(t.Context())
				go a.Watch(ctx)
				if c.after > 0 {
					time.AfterFunc(c.after, func() {
						for _, fails := range []*atomic.Bool{&q.deaf, &q.full, &q.hangs} {
							fails.Store(false)
						}
					})
				}
				time.Sleep(c.wait)
				for n := range 2 { // the second one knows that the queue did not take the first one
					begin := time.Now()
					host, end := context.WithTimeout(t.Context(), 5*time.Second)
					out := a.Deliver(host, request(queue.ModeFallback, "a/2", "b/2"))
					end()
					if got := says(t, &out); got != c.want {
						t.Errorf("%d: %s, want %s", n, got, c.want)
					}
					if took := time.Since(begin); took > 5*time.Second || n > 0 && took > 0 && !c.hangs {
						t.Errorf("%d: it took %s", n, took)
					}
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

// As soon as the queue answers, and is empty, the hub is tried first.
func TestQueueComesBackAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fickle{Memory: queuetest.NewMemory()}
		q.deaf.Store(true)
		a := acceptor(q, &hub{})
		a.Begin()
		ctx, cancel := context.WithCancel(t.Context())
		go a.Watch(ctx)
		first := request(queue.ModeFallback, "a/1")
		if out := a.Deliver(t.Context(), first); says(t, &out) != "q" {
			t.Fatal(says(t, &out))
		}
		items, _ := q.Receive(t.Context(), 1)
		_ = q.Delete(t.Context(), items)
		a.Gone(&first.Messages[0])
		q.deaf.Store(false)
		time.Sleep(2 * time.Second)
		if out := a.Deliver(t.Context(), request(queue.ModeFallback, "a/2")); says(t, &out) != "d" {
			t.Error(says(t, &out))
		}
		cancel()
		synctest.Wait()
	})
}

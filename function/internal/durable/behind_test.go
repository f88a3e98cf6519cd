package durable_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/httpsend"
)

var errQuota = &httpsend.Error{Kind: httpsend.QuotaExceeded}

// lagging counts as a queue does whose counts are estimates: what was put in the last minute is not there yet.
type lagging struct {
	*queuetest.Memory
	mu   sync.Mutex
	puts []time.Time
}

func (l *lagging) Limits() queue.Limits {
	limits := l.Memory.Limits()
	limits.DepthLag = 2 * time.Minute
	return limits
}

func (l *lagging) Put(ctx context.Context, items []queue.Item) []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range items {
		l.puts = append(l.puts, time.Now())
	}
	return l.Memory.Put(ctx, items)
}

func (l *lagging) Depth(ctx context.Context) (queue.Depth, error) {
	d, err := l.Memory.Depth(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range l.puts {
		if time.Since(at) < time.Minute {
			d.Items = max(d.Items-1, 0)
		}
	}
	d.Oldest = time.Time{}
	return d, err
}

// elsewhere delivers as another process does: at once what is of the devices that it is given.
func elsewhere(ctx context.Context, q queue.Queue, of ...string) {
	for {
		items, err := q.Receive(ctx, 1)
		if err != nil {
			return
		}
		for _, it := range items {
			waits := true
			for _, device := range of {
				waits = waits && it.Key != device
			}
			if waits {
				_ = q.Return(ctx, items, 24*time.Hour)
			} else {
				_ = q.Delete(ctx, items)
			}
		}
	}
}

// A device leaves the queue behind however often it reports, though another process delivers what it has put there.
func TestBehindWhereOthersDeliver(t *testing.T) {
	for name, c := range map[string]struct {
		every, within time.Duration
		lags, stays   bool // the count is an estimate; an item of another device stays in the queue
	}{
		"every 5 minutes":           {every: 5 * time.Minute, within: 5 * time.Minute},
		"every 30 s":                {every: 30 * time.Second, within: time.Minute},
		"every 3 s":                 {every: 3 * time.Second, within: time.Minute},
		"every 30 s, an item stays": {every: 30 * time.Second, stays: true, within: 17 * time.Minute},
		"every 3 s, an item stays":  {every: 3 * time.Second, stays: true, within: 17 * time.Minute},
		"every 30 s, an estimate":   {every: 30 * time.Second, lags: true, within: 5 * time.Minute},
		"every 3 s, an estimate":    {every: 3 * time.Second, lags: true, within: 5 * time.Minute},
		"every 30 s, an estimate, an item stays": {every: 30 * time.Second, lags: true, stays: true,
			within: 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var q queue.Queue = queuetest.NewMemory()
				if c.lags {
					q = &lagging{Memory: queuetest.NewMemory()}
				}
				h := &hub{fails: map[string]error{"a": errQuota}}
				a := acceptor(q, h)
				ctx, cancel := context.WithCancel(t.Context())
				go a.Watch(ctx)
				go elsewhere(ctx, q, "a")
				if c.stays {
					q.Put(ctx, []queue.Item{{Key: "x", ID: "x", Data: []byte("{}")}})
				}
				if out := a.Deliver(t.Context(), request(queue.ModeFallback, "a/0")); says(t, &out) != "q" {
					t.Fatal(says(t, &out))
				}
				h.fails = nil
				begin, got := time.Now(), "q"
				for n := 1; got == "q" && time.Since(begin) < time.Hour; n++ {
					time.Sleep(c.every)
					out := a.Deliver(t.Context(), request(queue.ModeFallback, fmt.Sprintf("a/%d", n)))
					got = says(t, &out)
				}
				if took := time.Since(begin); got != "d" || took > c.within {
					t.Errorf("%s after %s, want d within %s", got, took, c.within)
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

// A device whose message waits stays behind it, whatever else goes through the queue.
func TestBehindWhatWaits(t *testing.T) {
	for name, lags := range map[string]bool{"exact": false, "an estimate": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var q queue.Queue = queuetest.NewMemory()
				if lags {
					q = &lagging{Memory: queuetest.NewMemory()}
				}
				h := &hub{fails: map[string]error{"a": errQuota}}
				a := acceptor(q, h)
				ctx, cancel := context.WithCancel(t.Context())
				go a.Watch(ctx)
				go elsewhere(ctx, q, "a")
				for n := range 3 { // nobody sees them in the queue
					a.Deliver(t.Context(), request(queue.ModeFallback, fmt.Sprintf("a/%d", n)))
					time.Sleep(45 * time.Second)
				}
				h.fails = map[string]error{"b": errQuota}
				a.Deliver(t.Context(), request(queue.ModeFallback, "b/1"))
				h.fails = nil
				for _, pause := range []time.Duration{0, time.Minute, 9 * time.Minute, time.Hour} {
					time.Sleep(pause)
					out := a.Deliver(t.Context(), request(queue.ModeFallback, "b/2"))
					if says(t, &out) != "q" {
						t.Errorf("%s after %s more", says(t, &out), pause)
					}
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

// A message that is queued twice is behind once: some queues drop the second copy, and nobody tells of it.
func TestBehindAResend(t *testing.T) {
	for name, c := range map[string]struct {
		second error // of the queue
		gone   bool
		want   string
	}{
		"waits":     {want: "q"},
		"delivered": {gone: true, want: "d"},
		"not taken": {second: &queue.Error{Kind: queue.Unavailable, Queue: "test"}, want: "q"},
		"not taken, and delivered": {second: &queue.Error{Kind: queue.Unavailable, Queue: "test"},
			gone: true, want: "d"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, h := queuetest.NewMemory(), &hub{fails: map[string]error{"a": errQuota}}
				a := acceptor(q, h)
				rq := request(queue.ModeFallback, "a/1")
				a.Deliver(t.Context(), rq)
				q.Fail = func() error { return c.second }
				a.Deliver(t.Context(), request(queue.ModeFallback, "a/1"))
				q.Fail, h.fails = nil, nil
				if c.gone {
					a.Gone(&rq.Messages[0])
				}
				out := a.Deliver(t.Context(), request(queue.ModeFallback, "a/2"))
				if says(t, &out) != c.want {
					t.Errorf("%s, want %s", says(t, &out), c.want)
				}
			})
		})
	}
}

// One item that stays in the queue does not keep all devices from the hub for good.
func TestFoundAtTheStartStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queuetest.NewMemory()
		q.Put(t.Context(), []queue.Item{{Key: "x", ID: "1", Data: []byte("{}")}})
		a := acceptor(q, &hub{})
		a.Begin()
		ctx, cancel := context.WithCancel(t.Context())
		go a.Watch(ctx)
		for n, want := range []string{"q", "q", "d"} {
			out := a.Deliver(t.Context(), request(queue.ModeFallback, fmt.Sprintf("device-%d/1", n)))
			if says(t, &out) != want {
				t.Errorf("%s after %d minutes, want %s", says(t, &out), 8*n, want)
			}
			time.Sleep(8 * time.Minute)
		}
		cancel()
		synctest.Wait()
	})
}

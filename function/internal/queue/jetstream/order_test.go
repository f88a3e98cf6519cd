package jetstream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/jetstream"
)

// ledger watches what several workers are given: an item must not come before all earlier ones of its key are gone.
type ledger struct {
	mu       sync.Mutex
	done     map[string]int // items of a key that were deleted
	left     int
	faults   []string
	repeated int
}

func number(it *queue.Leased) (n int) {
	_, _ = fmt.Sscanf(it.ID[len(it.Key)+1:], "%d", &n)
	return n
}

func (l *ledger) received(items []*queue.Leased) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := map[string]int{}
	for _, it := range items {
		want, started := next[it.Key]
		if !started {
			want = l.done[it.Key]
		}
		switch n := number(it); {
		case n > want:
			l.faults = append(l.faults, fmt.Sprintf("%s came, %d is the next of its key", it.ID, want))
		case n < want:
			l.repeated++ // deleted before, without the server's confirmation
		default:
			next[it.Key] = n + 1
		}
	}
}

func (l *ledger) deleted(it *queue.Leased) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number(it) == l.done[it.Key] {
		l.done[it.Key]++
		l.left--
	}
}

// work receives until all is done or the context ends. Some items are returned, some leases are left to end.
func (l *ledger) work(ctx context.Context, q queue.Queue, r *rand.Rand) {
	for {
		items, err := q.Receive(ctx, 1+r.IntN(20))
		if err != nil {
			return
		}
		l.received(items)
		time.Sleep(time.Duration(r.IntN(5)) * time.Millisecond)
		stop := map[string]bool{} // keys whose later items of the batch must not overtake
		for _, it := range items {
			switch choice := r.IntN(40); {
			case stop[it.Key]:
				_ = q.Return(ctx, []*queue.Leased{it}, 0)
			case choice < 4:
				stop[it.Key] = true
				_ = q.Return(ctx, []*queue.Leased{it}, time.Duration(r.IntN(300))*time.Millisecond)
			case choice == 4 && r.IntN(10) == 0:
				stop[it.Key] = true // its lease ends by itself
			default:
				l.deleted(it)
				if err := q.Delete(context.WithoutCancel(ctx), []*queue.Leased{it}); err != nil {
					return
				}
			}
		}
	}
}

// TestOrderOfWorkers: two workers with random returns, one of which is closed and replaced again and again; items are
// put meanwhile.
func TestOrderOfWorkers(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	url := address(s, "partitions=4&pending=64")
	const keys, each = 30, 30
	l := &ledger{done: map[string]int{}, left: keys * each}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	source := open(t, url)
	var all sync.WaitGroup
	all.Go(func() {
		for n := range each {
			var items []queue.Item
			for k := range keys {
				items = append(items, item(fmt.Sprint("key", k), n))
			}
			for _, err := range source.Put(ctx, items) {
				if err != nil {
					t.Error(err)
				}
			}
		}
	})
	all.Go(func() { l.work(ctx, open(t, url), rand.New(rand.NewPCG(1, 17))) })
	all.Go(func() {
		for life := uint64(0); ctx.Err() == nil; life++ {
			r := rand.New(rand.NewPCG(life, 18))
			q, err := jetstream.Open(ctx, url, jetstream.Options{})
			if err != nil {
				return
			}
			short, stop := context.WithTimeout(ctx, time.Duration(500+r.IntN(3000))*time.Millisecond)
			l.work(short, q, r)
			stop()
			_ = q.Close()
		}
	})
	all.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			l.mu.Lock()
			left := l.left
			l.mu.Unlock()
			if left == 0 {
				cancel()
			}
		}
	})
	all.Wait()
	if l.left > 0 || len(l.faults) > 0 {
		t.Fatalf("%d items left, %d out of order: %v", l.left, len(l.faults), l.faults[:min(5, len(l.faults))])
	}
	t.Logf("%d items came again after they were deleted", l.repeated)
}

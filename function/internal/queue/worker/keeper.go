package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/function/internal/queue"
)

// keeper extends the leases of items that are worked on, and knows how many they are.
type keeper struct {
	mu    sync.Mutex
	items map[*queue.Leased]time.Time // and when they were last leased
	fewer chan struct{}               // has one when there are fewer
}

// room waits until there are fewer than max items, and tells how many more there may be; 0 when ctx is done.
func (k *keeper) room(ctx context.Context, max int) int {
	for {
		k.mu.Lock()
		n := len(k.items)
		k.mu.Unlock()
		if n < max {
			return max - n
		}
		select {
		case <-k.fewer:
		case <-ctx.Done():
			return 0
		}
	}
}

func (k *keeper) add(items []*queue.Leased, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.items == nil {
		k.items = map[*queue.Leased]time.Time{}
	}
	for _, it := range items {
		k.items[it] = now
	}
}

func (k *keeper) remove(items []*queue.Leased) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, it := range items {
		delete(k.items, it)
	}
	select {
	case k.fewer <- struct{}{}:
	default:
	}
}

// due gives the items whose leases have lasted for a third of their time.
func (k *keeper) due(now time.Time, lease time.Duration) []*queue.Leased {
	k.mu.Lock()
	defer k.mu.Unlock()
	var due []*queue.Leased
	for it, leased := range k.items {
		if now.Sub(leased) >= lease/3 {
			due = append(due, it)
			k.items[it] = now
		}
	}
	return due
}

// run extends leases until ctx is done. A lease that is lost costs a duplicate with the same message id.
func (k *keeper) run(ctx context.Context, w *Worker) {
	lease := w.Queue.Limits().Lease
	tick := time.NewTicker(max(lease/6, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due := k.due(w.Now(), lease)
		if len(due) == 0 {
			continue
		}
		call, cancel := context.WithTimeout(ctx, lease/3) // the next ones are due then
		err := w.Queue.Extend(call, due, lease)
		cancel()
		var failed *queue.Error
		if err != nil && ctx.Err() == nil && !(errors.As(err, &failed) && failed.Kind == queue.LeaseLost) {
			w.Log.WarnContext(ctx, "queue: leases cannot be extended", "items", len(due), "error", err.Error())
		}
	}
}

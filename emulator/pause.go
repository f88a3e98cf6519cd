package emulator

import (
	"context"
	"sync"
	"time"
)

// pauses are the waits that are under way, which Close ends. The zero value is ready to use.
type pauses struct {
	mu     sync.Mutex
	active map[*context.CancelFunc]struct{}
	ended  bool
}

// wait waits for d, or without end when d is below 0. It returns early, with an error, when ctx or the emulator ends.
// Timer and channel are made by the goroutine that waits, so a pause blocks durably in a synctest bubble.
func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !p.add(&cancel) {
		return context.Canceled
	}
	defer p.remove(&cancel)
	if d < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pauses) add(c *context.CancelFunc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	if p.active == nil {
		p.active = map[*context.CancelFunc]struct{}{}
	}
	p.active[c] = struct{}{}
	return true
}

func (p *pauses) remove(c *context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.active, c)
}

// end ends all pauses, now and later.
func (p *pauses) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for cancel := range p.active {
		(*cancel)()
	}
}

package delivery

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"mayfly/function/internal/ratelimit"
	"mayfly/function/internal/state"
	"mayfly/internal/cache"
	"mayfly/transform/message"
)

const maxDeviceBuckets = 100_000

// deviceLimits is a bucket for each device that speaks. One that is pushed out
// starts anew, full: memory is bounded first.
type deviceLimits struct {
	rate    ratelimit.Rate
	state   state.Store
	mu      sync.Mutex // two requests of a new device must not make two buckets
	buckets *cache.Cache[*rate.Limiter]
}

// newDeviceLimits gives nil where devices have no limit.
func newDeviceLimits(r ratelimit.Rate, store state.Store) *deviceLimits {
	if r.Count == 0 {
		return nil
	}
	return &deviceLimits{rate: r, state: store, buckets: cache.New[*rate.Limiter](maxDeviceBuckets, 0)}
}

// admit takes the messages of one device, or tells it to wait.
func (l *deviceLimits) admit(ctx context.Context, m *message.Message, now time.Time, n int) error {
	if wait := l.take(ctx, m, now, n); wait > 0 {
		return ratelimit.SlowDown(m.DeviceID, wait)
	}
	return nil
}

// take takes the messages of one device, or tells how long to wait.
func (l *deviceLimits) take(ctx context.Context, m *message.Message, now time.Time, n int) time.Duration {
	if l == nil {
		return 0
	}
	key := m.Fleet + "\x00" + m.DeviceID
	bucket, ok := l.buckets.Get(key)
	if !ok {
		l.mu.Lock()
		if bucket, ok = l.buckets.Get(key); !ok {
			bucket = l.rate.Limiter()
			l.buckets.Set(key, bucket)
		}
		l.mu.Unlock()
	}
	return l.rate.TakeShared(ctx, l.state, "device\x00"+key, bucket, now, n)
}

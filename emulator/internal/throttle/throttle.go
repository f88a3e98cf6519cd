package throttle

import (
	"sync"
	"time"
)

// Bucket is a token bucket. A rate of 0 never refuses. It may be used by several goroutines.
type Bucket struct {
	mu    sync.Mutex
	rate  float64 // per second
	burst float64
	level float64
	last  time.Time
}

// PerMinute has the shape of the limits of DPS: n in a minute, in one burst if need be. Below 0 there is no limit.
func PerMinute(n int) *Bucket {
	if n < 0 {
		return &Bucket{}
	}
	return &Bucket{rate: float64(n) / 60, burst: float64(n), level: float64(n)}
}

// PerSecond allows n per second, 0 any number.
func PerSecond(n int) *Bucket {
	return &Bucket{rate: float64(n), burst: float64(n), level: float64(n)}
}

// Take takes one token, or returns how long it is until there is one.
func (b *Bucket) Take(now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate == 0 {
		return 0, true
	}
	b.fill(now)
	if b.level >= 1 {
		b.level--
		return 0, true
	}
	return time.Duration((1 - b.level) / b.rate * float64(time.Second)), false
}

// Borrow takes n tokens, on credit if need be, and returns how long the caller has to wait for them. It is not ok, and
// nothing is taken, when that is over maxWait.
func (b *Bucket) Borrow(now time.Time, n int, maxWait time.Duration) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate == 0 {
		return 0, true
	}
	b.fill(now)
	if after := b.level - float64(n); after < 0 {
		wait = time.Duration(-after / b.rate * float64(time.Second))
		if wait > maxWait {
			return wait, false
		}
	}
	b.level -= float64(n)
	return wait, true
}

func (b *Bucket) fill(now time.Time) {
	if !b.last.IsZero() && now.After(b.last) {
		b.level = min(b.burst, b.level+b.rate*now.Sub(b.last).Seconds())
	}
	b.last = now
}

// Quota counts what a hub stores in one UTC day. It may be used by several goroutines.
type Quota struct {
	mu   sync.Mutex
	day  string
	used int
}

// Use adds n unless that exceeds limit, and returns what was used before. A limit of 0 is none.
func (q *Quota) Use(now time.Time, n, limit int) (used int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if day := now.UTC().Format(time.DateOnly); q.day != day {
		q.day, q.used = day, 0
	}
	used = q.used
	if limit > 0 && used+n > limit {
		return used, false
	}
	q.used += n
	return used, true
}

// Return gives n back: what they were used for did not happen.
func (q *Quota) Return(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used = max(0, q.used-n)
}

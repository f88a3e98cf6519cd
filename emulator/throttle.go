package emulator

import (
	"net/http"
	"time"
)

// bucket is a token bucket by the emulator's clock. A rate of 0 never refuses.
type bucket struct {
	rate  float64 // per second
	burst float64
	level float64
	last  time.Time
}

// perMinute is the shape of the limits of DPS: so many in a minute, in one burst if need be.
func perMinute(n int) *bucket {
	if n < 0 {
		return &bucket{}
	}
	return &bucket{rate: float64(n) / 60, burst: float64(n), level: float64(n)}
}

func perSecond(n int) *bucket {
	return &bucket{rate: float64(n), burst: float64(n), level: float64(n)}
}

func (b *bucket) fill(now time.Time) {
	if !b.last.IsZero() && now.After(b.last) {
		b.level = min(b.burst, b.level+b.rate*now.Sub(b.last).Seconds())
	}
	b.last = now
}

// refusal takes one token, or answers as DPS does: 429001 (azure-docs iot-dps concepts-deploy-at-scale.md).
func (b *bucket) refusal(now time.Time) *Refusal {
	if b.rate == 0 {
		return nil
	}
	b.fill(now)
	if b.level >= 1 {
		b.level--
		return nil
	}
	r := refuse(http.StatusTooManyRequests, 429001, "%s", usualText(ServiceDPS, 429001))
	r.RetryAfter = roundUp(time.Duration((1 - b.level) / b.rate * float64(time.Second)))
	return r
}

// wait takes n tokens on credit and says how long the caller has to be queued; ok is false when that is over most.
func (b *bucket) wait(now time.Time, n int, most time.Duration) (d time.Duration, ok bool) {
	if b.rate == 0 {
		return 0, true
	}
	b.fill(now)
	if after := b.level - float64(n); after < 0 {
		if d = time.Duration(-after / b.rate * float64(time.Second)); d > most {
			return d, false
		}
	}
	b.level -= float64(n)
	return d, true
}

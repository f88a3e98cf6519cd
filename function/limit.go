package function

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"mayfly/internal/cache"
	"mayfly/transform"
)

// Rate is so many in a time, all of which may come at once. The zero value is no
// limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// UnmarshalText reads 10/s, 600/m or 1000/h.
func (r *Rate) UnmarshalText(text []byte) error {
	count, unit, ok := strings.Cut(strings.TrimSpace(string(text)), "/")
	n, err := strconv.Atoi(count)
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	if !ok || err != nil || n < 1 || n > 1_000_000_000 || per == 0 {
		return errors.New("want a number and a time, as in 10/s, 600/m or 1000/h")
	}
	*r = Rate{n, per}
	return nil
}

// limiter makes the bucket of a rate; nil where there is no limit.
func (r Rate) limiter() *rate.Limiter {
	if r.Count == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(r.Count)/r.Per.Seconds()), r.Count)
}

// take takes n from a bucket, or tells how long to wait for them. More than a
// bucket holds counts as all that it holds.
func take(l *rate.Limiter, now time.Time, n int) (wait time.Duration) {
	if l == nil {
		return 0
	}
	r := l.ReserveN(now, min(n, l.Burst()))
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

const mostDeviceBuckets = 100_000

// deviceLimits is a bucket for each device that speaks. One that is pushed out
// starts anew, full: memory is bounded first.
type deviceLimits struct {
	rate    Rate
	mu      sync.Mutex // two requests of a new device must not make two buckets
	buckets *cache.Cache[*rate.Limiter]
}

// newDeviceLimits gives nil where devices have no limit.
func newDeviceLimits(r Rate) *deviceLimits {
	if r.Count == 0 {
		return nil
	}
	return &deviceLimits{rate: r, buckets: cache.New[*rate.Limiter](mostDeviceBuckets, 0)}
}

// take takes the messages of one device, or tells how long to wait.
func (l *deviceLimits) take(m *transform.Message, now time.Time, n int) time.Duration {
	if l == nil {
		return 0
	}
	key := m.Fleet + "\x00" + m.DeviceID
	bucket, ok := l.buckets.Get(key)
	if !ok {
		l.mu.Lock()
		if bucket, ok = l.buckets.Get(key); !ok {
			bucket = l.rate.limiter()
			l.buckets.Set(key, bucket)
		}
		l.mu.Unlock()
	}
	return take(bucket, now, n)
}

// slowDown is the answer to who is over a limit. It says which one, so that the
// right knob is turned.
func slowDown(whose string, wait time.Duration) error {
	return &refusal{code: codeSlowDown, detail: whose + " sends more than it may", retryAfter: wait}
}

// load is the work under way: bodies that are still coming in, and requests past
// that. What a body becomes takes many times its bytes, so these are bounded too.
type load struct {
	bodies, strangers pot
	requests, working pot
}

// mostWorkingBytes bounds the bodies that are being mapped and delivered at one time.
const mostWorkingBytes = 64 << 20

func newLoad(requests int, body int64) load {
	return load{
		bodies: pot{most: mostBodyBytes}, strangers: pot{most: max(mostStrangerBytes, body)},
		requests: pot{most: int64(requests)}, working: pot{most: mostWorkingBytes},
	}
}

var errBusy = &refusal{code: codeTooBusy, detail: "the bridge has as much under way as it takes"}

// enter counts a request in, with its body; leave has to follow when it gives no
// error. A body that is alone is let in whatever its size.
func (l *load) enter(body int) error {
	n := int64(body)
	if requests, held := l.requests.held.Add(1), l.working.held.Add(n); requests > l.requests.most || held > l.working.most && held > n {
		l.leave(body)
		return errBusy
	}
	return nil
}

func (l *load) leave(body int) {
	l.requests.held.Add(-1)
	l.working.held.Add(-int64(body))
}

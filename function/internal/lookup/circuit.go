package lookup

import (
	"sync"
	"time"
)

const (
	openAfter = 5 // failures in a row
	minOpen   = time.Second
	maxOpen   = 5 * time.Second // an error is not remembered for longer
)

// circuit stops the calls to a service that fails, so that messages do not wait for it in vain. While it is open, one
// call at a time finds out whether the service is back. It also keeps the pause that the service has asked for.
type circuit struct {
	mu       sync.Mutex
	failures int       // in a row
	since    time.Time // when the first of them ended
	open     time.Duration
	until    time.Time // before which no call is made while open is set
	pause    time.Time // before which the service does not want to be asked
}

// closed gives the time until a call may be made, without making one.
func (c *circuit) closed(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := c.pause.Sub(now)
	if c.open != 0 {
		wait = max(wait, c.until.Sub(now))
	}
	return max(wait, 0)
}

// blocked gives the time until a call may be made; 0 lets this one through.
func (c *circuit) blocked(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait := c.pause.Sub(now); wait > 0 {
		return wait
	}
	if c.open == 0 {
		return 0
	}
	if wait := c.until.Sub(now); wait > 0 {
		return wait
	}
	c.until = now.Add(c.open) // this call probes, and the others do not wait for it
	return 0
}

// succeeded takes note of an answer that shows that the service works.
func (c *circuit) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures, c.open = 0, 0
}

// failed takes note of a failure, and of the pause that the service has asked for with it. The circuit opens when
// failures in a row have come in for so long: calls that go out together and stall together are one failure, not many.
func (c *circuit) failed(now time.Time, asked, long time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := now.Add(asked); asked > 0 && until.After(c.pause) {
		c.pause = until
	}
	if c.failures == 0 {
		c.since = now
	}
	if c.failures++; c.failures >= openAfter && now.Sub(c.since) >= long {
		c.open = min(max(2*c.open, minOpen), maxOpen)
		c.until = now.Add(c.open)
	}
}

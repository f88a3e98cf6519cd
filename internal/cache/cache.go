// Package cache wraps patrickmn/go-cache once: typed, bounded, without the
// janitor goroutine (it would not run while a function is frozen).
package cache

import (
	"sync"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// Cache holds at most max values. It is two generations of go-cache: what is
// read or written is in the young one; when that has max/2 entries it becomes
// the old one, and what was old and not asked for since is let go. So the
// bound costs no list and no sweep. Safe for concurrent use.
type Cache[V any] struct {
	half int
	ttl  time.Duration

	mu         sync.RWMutex
	young, old *gocache.Cache
}

// New makes a cache of at most max values (2 at least) that each live for ttl;
// a ttl of 0 means until they are pushed out.
func New[V any](max int, ttl time.Duration) *Cache[V] {
	return &Cache[V]{half: (max + 1) / 2, ttl: ttl, young: generation(), old: generation()}
}

func generation() *gocache.Cache { return gocache.New(gocache.NoExpiration, 0) }

// Get gives the value of key.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.RLock()
	value, ok := c.young.Get(key)
	if ok {
		c.mu.RUnlock()
		return value.(V), true
	}
	value, expiry, ok := c.old.GetWithExpiration(key)
	c.mu.RUnlock()
	if !ok {
		var none V
		return none, false
	}
	c.promote(key, value, expiry)
	return value.(V), true
}

// promote moves a value that is still asked for to the young generation, with
// the life that it has left.
func (c *Cache[V]) promote(key string, value any, expiry time.Time) {
	left := gocache.NoExpiration
	if !expiry.IsZero() {
		left = time.Until(expiry) //nolint:forbidigo // go-cache itself lives by time.Now
		if left <= 0 {
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, still := c.old.Get(key); !still {
		return // deleted or replaced meanwhile
	}
	c.old.Delete(key)
	c.put(key, value, left)
}

// Set stores value under key.
func (c *Cache[V]) Set(key string, value V) {
	ttl := c.ttl
	if ttl == 0 {
		ttl = gocache.NoExpiration
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.old.Delete(key)
	c.put(key, value, ttl)
}

// Delete forgets key.
func (c *Cache[V]) Delete(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young.Delete(key)
	c.old.Delete(key)
}

func (c *Cache[V]) put(key string, value any, ttl time.Duration) {
	if c.young.ItemCount() >= c.half {
		if _, has := c.young.Get(key); !has {
			c.old, c.young = c.young, generation()
		}
	}
	c.young.Set(key, value, ttl)
}

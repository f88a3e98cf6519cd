package cache

import (
	"sync"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// Cache holds a bounded number of values in two generations of go-cache. A value that
// is read or written moves to the young generation. When that is half as large as the
// bound, it becomes the old one, and what is left of the old one is dropped. So the
// bound needs neither a list nor a sweep. Safe for concurrent use.
type Cache[V any] struct {
	half int
	ttl  time.Duration

	mu         sync.RWMutex
	young, old *gocache.Cache
}

// New returns a cache of at most maxValues values (at least 2), each of which lives
// for ttl. A ttl of 0 means that values live until they are dropped.
func New[V any](maxValues int, ttl time.Duration) *Cache[V] {
	return &Cache[V]{half: max(maxValues/2, 1), ttl: ttl, young: generation(), old: generation()}
}

func generation() *gocache.Cache { return gocache.New(gocache.NoExpiration, 0) }

// Get returns the value of key, and whether there is one.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.RLock()
	value, ok := c.young.Get(key)
	if ok {
		c.mu.RUnlock()
		return value.(V), true
	}
	_, ok = c.old.Get(key)
	c.mu.RUnlock()
	if !ok {
		var none V
		return none, false
	}
	return c.promote(key)
}

// promote moves a value from the old generation to the young one. The value keeps its
// expiry.
func (c *Cache[V]) promote(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var none V
	// Another goroutine may have promoted, replaced or deleted it meanwhile.
	if value, ok := c.young.Get(key); ok {
		return value.(V), true
	}
	value, expiry, ok := c.old.GetWithExpiration(key)
	if !ok {
		return none, false
	}
	left := gocache.NoExpiration
	if !expiry.IsZero() {
		left = time.Until(expiry) //nolint:forbidigo // go-cache itself lives by time.Now
		if left <= 0 {
			return none, false
		}
	}
	c.old.Delete(key)
	c.put(key, value, left)
	return value.(V), true
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

// Delete removes key.
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

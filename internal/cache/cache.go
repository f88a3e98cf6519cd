package cache

import (
	"sync"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// Cache holds a bounded number of values, or values of a bounded size, in two generations
// of go-cache. A value that is read or written moves to the young generation. When that is
// half as large as the bound, it becomes the old one, and what is left of the old one is
// dropped. So the bound needs neither a list nor a sweep. Safe for concurrent use.
type Cache[V any] struct {
	half int
	ttl  time.Duration
	size func(key string, value V) int // nil: each value counts as one

	mu         sync.RWMutex
	young, old *gocache.Cache
	held       int // the size of the young generation
}

// New returns a cache of at most maxValues values (at least 2), each of which lives
// for ttl. A ttl of 0 means that values live until they are dropped.
func New[V any](maxValues int, ttl time.Duration) *Cache[V] {
	c := &Cache[V]{half: max(maxValues/2, 1), ttl: ttl, old: gocache.New(gocache.NoExpiration, 0)}
	c.young = c.generation()
	return c
}

// NewSized returns a cache of values that together are not larger than maxSize, by the size
// that each has with its key, such as its bytes in memory. One that is larger than half of
// that is not kept. A value must not change its size while it is held.
func NewSized[V any](maxSize int, ttl time.Duration, size func(key string, value V) int) *Cache[V] {
	c := New[V](maxSize, ttl)
	c.size = size
	return c
}

// generation makes a young generation: held is its size.
func (c *Cache[V]) generation() *gocache.Cache {
	young := gocache.New(gocache.NoExpiration, 0)
	young.OnEvicted(func(key string, value any) { c.held -= c.sizeOf(key, value.(V)) }) // deleted, expired or not
	return young
}

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
	c.put(key, value.(V), left)
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

// put stores a value in the young generation. The old one must not have it.
func (c *Cache[V]) put(key string, value V, ttl time.Duration) {
	c.young.Delete(key)
	n := c.sizeOf(key, value)
	if n > c.half {
		return
	}
	if c.held+n > c.half {
		c.young.OnEvicted(nil)
		c.old, c.young, c.held = c.young, c.generation(), 0
	}
	c.young.Set(key, value, ttl)
	c.held += n
}

func (c *Cache[V]) sizeOf(key string, value V) int {
	if c.size == nil {
		return 1
	}
	return c.size(key, value)
}

// Len counts the values, including the expired ones that still take room.
func (c *Cache[V]) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.young.ItemCount() + c.old.ItemCount()
}

package cache

// Len counts the values, the expired ones that still take room among them.
func (c *Cache[V]) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.young.ItemCount() + c.old.ItemCount()
}

package cache

// Len counts the values, including the expired ones that still take room.
func (c *Cache[V]) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.young.ItemCount() + c.old.ItemCount()
}

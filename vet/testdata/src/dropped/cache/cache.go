// Package cache keeps values of any type behind an interface.
package cache

// Cache keeps values.
type Cache[V any] struct {
	inner interface{ Load(key string) (V, bool) }
}

// Load gives a value.
func (c *Cache[V]) Load(key string) (V, bool) { return c.inner.Load(key) }

// Package cache is the one wrapper of patrickmn/go-cache: typed, bounded, and without
// its janitor goroutine, which would not run while a function is frozen.
//
// It does not know what it stores, and tells nobody what it drops.
// Start reading at Cache.
package cache

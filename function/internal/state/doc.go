// Package state is what instances share when STATE names a store: how much of a rate is left, and keys that one
// instance claims, such as the id of a message or the proof of a request.
//
// A claim is taken with a lease, before the work; committed when the work is done, and then known for a window; or
// released. So an instance that dies between loses nothing: its claim ends, and whoever comes again does the work.
//
// Without a store every instance has its own rates and memory, as before: that is a nil Store, and the functions of
// this package take one. Package redis, below, is a store.
//
// It does not: decide what it means that the store is down. Rates and deduplication go on for each instance alone,
// proofs of requests are refused.
//
// Start reading at Store.
package state

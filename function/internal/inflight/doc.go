// Package inflight bounds the requests that are worked on at one time, and shares
// the places among tenants: callers, sources and fleets.
//
// A tenant has at most half of the places, so that a tenant whose upstream hangs
// does not take all of them: what hangs cannot be taken back when another one asks.
// A tenant that joins with [Place.JoinWhileShared] may take more while it is alone.
//
// The package does not know what a request is, and nothing waits in it: who finds no
// place is told so at once. Start with [Limiter.Enter].
package inflight

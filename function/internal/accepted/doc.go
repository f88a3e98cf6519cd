// Package accepted is Mayfly's own answer to a request that stored something, or had nothing to store.
package accepted

// Package order keeps in memory which items of a queue are next: in order per key, fairly among keys, with leases and
// with delays.
//
// It does not: store items (whoever uses it hangs a reference to each), lock, look at a clock, or wait.
//
// Start reading at Lines.
package order

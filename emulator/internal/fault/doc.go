// Package fault decides which calls go wrong and how.
//
// A [Fault] says which calls it matches, how many of them it applies to, and what happens to those. A [List] holds the
// faults that are armed, counts, and picks one for a call; the draw for a share depends on the seed, the fault, the
// device and the number of the call, and not on the order in which goroutines run. [Parse] reads the JSON form
// (docs/emulator.md describes it).
//
// The package does not carry faults out: package emulator does, for it owns the connection.
//
// Start reading in fault.go.
package fault

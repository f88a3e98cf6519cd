// Package wire has what the emulated services share on the wire: host names, identifiers, SAS tokens, answers, and
// Azure's error codes with their names and texts.
//
// It keeps no state and makes no decisions. Whether a caller is authenticated is decided in packages dps and hub; how
// an answer reaches the caller, and whether a fault changes it, in package emulator.
//
// Start reading in refusal.go: a [Refusal] is how every check of the emulator says no.
package wire

// Package logline reads lines of the bridge's log, as they come out of the tools that collect logs: JSON or key=value,
// with something of the collector's in front.
//
// It does not print. Start reading at Parse.
package logline

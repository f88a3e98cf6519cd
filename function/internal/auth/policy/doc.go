// Package policy is what the configuration says of callers: which sources, devices
// and fleets they may send for (Caller, Permission), the patterns over device ids
// (Pattern) and the networks (Networks) that this is written in.
//
// Start reading at Caller. It does not look at requests: package auth does.
package policy

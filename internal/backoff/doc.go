// Package backoff decides how long to wait before a call is tried again: what a
// Retry-After header or the text of an error asks for, else a random time under an exponential ceiling.
//
// It makes no calls and keeps no state; how often a call is tried is its
// caller's business. Start reading at [Jitter].
package backoff

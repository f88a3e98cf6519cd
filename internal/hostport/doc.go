// Package hostport reads Host headers strictly: what only looks like this machine's
// name at its beginning or at its end is not this machine.
//
// It does not resolve names. Start with [Host].
package hostport

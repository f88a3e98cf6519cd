// Package failure turns the errors of all packages into problems (RFC 9457) of the one table of errors: what happened,
// who failed, whether a retry helps and when, and what DPS or a hub answered. Start reading at [Of].
//
// It does not answer requests, and it does not decide whether anything is tried again.
package failure

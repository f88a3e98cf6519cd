// Package looks tells how a body is written by its first bytes, for senders whose media type
// is missing, general or wrong. It reads no body: what looks like JSON may be broken.
//
// Start reading at [JSON].
package looks

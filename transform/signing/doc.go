// Package signing describes how the sender of a source proves that a request is its own: the member signature of a
// source. It also takes the proof itself out of what a mapping sees.
//
// It verifies nothing, and knows no secrets: whoever receives requests does. Start reading at Spec.
package signing

// Package upstream holds what the clients of Azure's services have in common
// beside the protocol: which host names a token may be sent to, how a foreign
// text becomes part of an error, and how an error reads.
//
// It makes no calls. Start reading at [Describe].
package upstream

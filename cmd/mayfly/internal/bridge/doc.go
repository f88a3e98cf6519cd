// Package bridge is the client of a Mayfly bridge: it posts messages and turns refusals into errors that say whether a
// retry helps.
//
// It reaches a bridge by URL, or in the same process through [InProcess]. It does not retry: package replay does.
//
// Start reading at [Client].
package bridge

// Package gunzip decompresses what senders put compressed into a member of a body, as envelopes like ThingPark's do with
// base64 text. It bounds what comes out. Start reading at Bytes.
package gunzip

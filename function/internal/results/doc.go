// Package results is the list in an answer to a batch that tells how each message fared, short
// enough for every host.
//
// It decides nothing of how a message fared. Start reading at Shorten.
package results

// Package envelope writes an item of a queue as one text, and reads it again: for queues whose messages are texts and
// have no fields of their own for the item's key and id, or for why it became a dead letter.
//
// A text is a line with a mark and a JSON object, and then the data, as they are where they are text and in base64
// where not:
//
//	mayfly/1 {"key":"sensor-1","id":"7f3a"}
//	...
//
// It does not: sign or encrypt anything, know what the data mean, or know a kind of queue.
//
// Start reading at Format and Parse.
package envelope

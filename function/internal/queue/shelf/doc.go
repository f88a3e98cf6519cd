// Package shelf lists and finds dead letters in a queue that shows nobody a message without leasing it. What was leased
// stays so for a while, so that whoever lists dead letters and then replays or drops each does not search them all for
// each.
//
// It does not know a kind of queue. Start reading at Shelf.
package shelf

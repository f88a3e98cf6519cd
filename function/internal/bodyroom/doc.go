// Package bodyroom bounds the bytes of request bodies that are being received,
// and shares them among the senders.
//
// A body takes room as it arrives and gives it back when it is complete. When the
// room is full, the sender that has held the most for the longest gives way (bytes
// times age, over all of its bodies), and of its bodies the one of which the same is
// true. Slow and idle bodies are therefore cut off before a quick one is refused,
// whether they come from one sender or from many.
//
// The package does not read bodies, does not bound what a body becomes once it is
// complete, and does not enforce a rate; the server's sockets do that. Start with
// [Room.Open].
package bodyroom

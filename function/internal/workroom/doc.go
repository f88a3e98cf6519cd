// Package workroom bounds the memory of requests whose body has come: the body, what
// it becomes, and the messages until they are answered. A request has a [Lease], and
// takes more on it as it goes.
//
// The bytes are estimates of those who take them. Bodies that are still coming in are
// not counted here. Nobody waits for room: what does not fit is refused.
//
// Start reading at [Room.Open].
package workroom

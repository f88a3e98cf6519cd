// Package durable decides what becomes of the messages of a request where there is a queue: the hub takes them, the
// queue does, or nobody.
//
//	never     the hub, or an error: as without a queue
//	fallback  the hub; what it does not take in time and may take later, the queue
//	always    the queue
//
// In fallback the try at the hub ends early enough for the queue to store what is left before the sender stops waiting.
// Nothing is queued that can never be delivered. A device that has messages in the queue gets its next ones queued as
// well, so that they do not overtake (behind.go), and waits for a request of the same device that takes long
// (flights.go); that holds within a process, and for what a process finds in the
// queue when it starts (start.go).
//
// It does not deliver from the queue: package worker does. Start reading at Acceptor.Deliver.
package durable

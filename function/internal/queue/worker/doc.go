// Package worker delivers what waits in a queue: Run on hosts where a process lives on, HandleBatch where a cloud calls
// a function with items of its queue.
//
// Items of one device go out together and in order, by the same way as a request's messages. What becomes of them:
//
//	stored by the hub                       deleted
//	refused for good, undecodable, forged   buried with a problem document
//	of a newer version                      returned, for a release that reads it
//	the device is not ready, or slow        returned with a delay, the device's later items as well
//	the hub or DPS is down, busy, out of quota    kept, until one try shows that it is back (gates.go)
//
// Nothing is given up because it was tried often. A batch that is refused is sent again one by one, so that one bad
// message costs no others. Leases are extended for as long as an item is worked on (keeper.go).
//
// It does not: decide what is queued (package durable), or answer anybody. Start reading at Worker.Run.
package worker

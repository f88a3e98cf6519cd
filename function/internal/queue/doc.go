// Package queue is what durable mode asks of a queue: items are stored before their sender is answered, leased to a
// worker, and deleted once the hub has them. An item is bytes with a key of order; what the bytes mean is the business
// of package entry.
//
// Each kind of queue is a package below: file (one machine), sqs, storagequeue (Azure Queue Storage) and jetstream
// (NATS). Package queuetest holds all of them to what the interfaces here promise.
//
// It does not: deliver (package worker), decide what is queued (package durable), or keep anything itself.
//
// Start reading at Queue.
package queue

// Package jetstream keeps a queue in NATS JetStream: nats://HOST:4222/STREAM.
//
// The stream is a work queue of a fixed number of partitions, which are subjects: STREAM.0, STREAM.1 and so on. A hash
// of an item's key chooses its partition, so that all items of a device are in one, in their order. Each partition has
// a durable pull consumer that the server pins to one client at a time (priority groups, since NATS 2.11): a process
// receives all items of a partition, or none. What it holds of a partition is a hand (hand.go), which gives items in
// order per key, and knows leases and delays. A process that becomes the one of a partition gives nothing of it until
// no other process has an item of it (partition.go): so order holds when workers come, go, stall or lose their
// connection.
//
// Items carry their key and id as headers. A hash of both is the message's id for the server, which drops a second one
// within the duplicate window (two minutes, unless the stream says otherwise). Dead letters are in the stream
// STREAM_DEAD.
//
// A server acknowledges what its disk does not have yet, unless its configuration has sync_interval: always. The queue
// refuses to take items from such a server (synced.go), or where it cannot learn it.
//
// It does not: deliver, or read the environment. Start reading at Open.
package jetstream

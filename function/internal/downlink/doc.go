// Package downlink brings what waits for a device at its hub to whoever asks for it. It decides when the hub is asked
// (ask.go), locks messages one device at a time and in their order, and completes, gives back or rejects each by what
// became of it. A message is completed only after it has been delivered, so it comes at least once.
//
// There are two ways. [Dispatcher.Take] locks messages for an answer that is written by somebody else, who tells
// [Batch.Settle] whether it was. [Dispatcher.Push] hands messages to a [Deliverer], one after the other, and settles
// each by its [Result].
//
// It does not speak with hubs (package delivery gives it a [Mailbox]), it does not write answers, and it does not
// decide who may receive. Start reading at dispatcher.go.
package downlink

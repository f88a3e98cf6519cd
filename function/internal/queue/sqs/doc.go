// Package sqs keeps items in a queue of Amazon SQS, standard or FIFO. A FIFO queue keeps the order of the items with
// one key, which is their message group, and drops duplicates of an id for five minutes.
//
// It speaks the query protocol, which SQS has beside its JSON protocol and which all servers that imitate SQS speak. It
// does not use the SDK's client of SQS, which costs 0.7 ms of package initialization at each cold start, whether or not
// there is a queue; requests are signed by the SDK's signer.
//
// Dead letters go to the queue that the queue's own RedrivePolicy names, with the reason. SQS itself moves messages
// there after maxReceiveCount receives, without one: the count should be high, so that a hub that is away for hours
// does not use it up.
//
// It does not: create queues, or change their attributes.
//
// Start reading at Open.
package sqs

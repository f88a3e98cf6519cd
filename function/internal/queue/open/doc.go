// Package open makes the queue that QUEUE names:
//
//	sqs:https://sqs.REGION.amazonaws.com/ACCOUNT/NAME    Amazon SQS; a name that ends in .fifo keeps order
//	azure-queue:https://ACCOUNT.queue.core.windows.net/NAME    Azure Queue Storage
//	nats://HOST:4222[,HOST...]/STREAM    NATS JetStream; tls:// and wss:// likewise
//	file:DIR[?max=2GiB]    a folder on this machine, and how much it may take
//
// Each kind is a package beside this one, and one line in Open. Nothing of them runs before a queue is opened.
//
// It does not: read the environment, or keep a queue. Start reading at Open.
package open

// Package httpsend is a client of Azure IoT Hub's device API over HTTPS: it sends events,
// one or many of one device, and receives the cloud-to-device messages that wait for it.
//
//	hub := &httpsend.Client{}
//	err := hub.Send(ctx, httpsend.Target{Hub: a.Hub, DeviceID: a.DeviceID, Key: key},
//		httpsend.Event{Body: []byte(`{"temperature":21.5}`)})
//
// A nil error means that the hub has stored the events: it answered 204, and
// nothing else counts. [Client.Send] tries again what is worth it (429, 5xx,
// resets) within its context, at the pace of a hub that throttles, and a try that
// stays silent gets a second one beside it; an event may then be stored twice
// under the same message id, so give one to tell a repetition from a new event.
// Many events go as few batches; [Client.SendBatch] and [Batches] are its parts.
//
// # Receiving
//
// [Client.Receive] locks the first message that waits, and gives it with all its
// properties; it gives nil where nothing waits. [Client.Complete] ends it,
// [Client.Abandon] gives it back, [Client.Reject] ends it as unusable:
//
//	m, err := hub.Receive(ctx, target)
//	if err == nil && m != nil {
//		err = errors.Join(act(m), hub.Complete(ctx, target, m.LockToken))
//	}
//
// A message comes at least once: SequenceNumber tells a repetition. This is all that IoT
// Hub gives HTTPS clients; twins, desired properties and direct methods need MQTT or AMQP.
//
// # Errors
//
// Every error is an [*Error]. Its [Kind] says what a program can do about it and
// works with errors.Is; [Error.Retryable] and RetryAfter say whether and when
// the same events are worth another try. What is invalid is refused before any
// call (Kind Invalid or TooLarge), so that one caller's mistake never counts as
// the hub's outage.
//
// # Limits
//
// The package does not provision: see package dps, whose Key converts to [Key].
// It neither logs nor reads the environment, and no error, log or document shows
// a key. A Client is safe for concurrent use and multiplexes devices over the
// connections of its Transport.
//
// To read the source, start at client.go; retry.go holds the loop of tries,
// circuit.go spares a hub that is down, errors.go reads the hub's refusals, receive.go is
// the other direction.
package httpsend

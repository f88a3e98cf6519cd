// Package httpsend is a client of Azure IoT Hub's Send Device Event over HTTPS:
// one event, or many of one device in one call.
//
//	hub := &httpsend.Client{}
//	err := hub.Send(ctx, httpsend.Target{Hub: a.Hub, DeviceID: a.DeviceID, Key: key},
//		httpsend.Event{Body: []byte(`{"temperature":21.5}`)})
//
// A nil error means that the hub has stored the event: it answered 204, and
// nothing else counts. Send tries again what is worth it (429, 5xx, resets)
// within its context, and a try that stays silent gets a second one beside it;
// an event may then be stored twice under the same message id, so give one to
// tell a repetition from a new event. Everything else is an [*Error] whose Kind
// says what a program can do about it.
//
// A Client is safe for concurrent use and multiplexes devices over the
// connections of its Transport. It does not provision: see package dps. Nothing
// here logs, reads the environment, or shows a key.
package httpsend

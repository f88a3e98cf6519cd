// Package delivery brings messages to IoT hubs: it finds the device's hub (assign.go),
// sends, provisions the device anew where the hub has lost it, gives a hub time to hear
// of a new device (settle.go), and remembers what is stored, so that a resend is
// answered without being sent again (dedup.go).
//
// Start reading at Deliverer.Deliver. A device that is not known is first tried at
// the hub where the others are (hint.go). By what a device proves who it is, is in
// package credentials.
//
// It does not decide who may send, and it does not turn errors into answers.
package delivery

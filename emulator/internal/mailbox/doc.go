// Package mailbox has the cloud-to-device messages that wait for a device, with their locks, expiry and delivery
// counts, and the feedback about those that have ended.
//
// It follows azure-docs iot-hub-devguide-messages-c2d.md. The HTTP operations on a mailbox are in package hub; which
// device has one, in package fleet.
//
// Start reading at [Mailbox].
package mailbox

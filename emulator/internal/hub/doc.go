// Package hub is the device API of IoT hubs over HTTPS: Send Device Event (one or a batch), receive and settle
// cloud-to-device messages, and file upload.
//
// One [Service] answers for all hubs. It authenticates devices (SAS token or X.509), checks and meters messages as
// Azure does, and adds what it stores to the record. Which device is in which hub is in package fleet, cloud-to-device
// queues in package mailbox, files in package blob. Twins, methods and the service API are not there.
//
// Start reading in service.go: Route names the operations.
package hub

// Package commands is the HTTP side of cloud-to-device messages: how a request asks for those that wait for its device
// (Wanted), what the answer with them looks like (Delivery), and how a device tells the result of one (package
// transform/downlink reads that).
//
// When the hub is asked, and what becomes of a message, is in package downlink. Start reading at Collector.Collect.
package commands

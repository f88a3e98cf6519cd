// Package commands is the HTTP side of cloud-to-device messages: how a request asks for those that wait for its device
// ([WantedBy]), and what the answer with them looks like ([Delivery]). How a device tells the result of one is read by
// package transform/downlink.
//
// When the hub is asked, and what becomes of a message, is in package downlink. Start reading at Collector.Collect.
package commands

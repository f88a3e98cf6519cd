// Package ring has a bounded queue that drops its oldest elements. The record and the feedback of cloud-to-device
// messages are kept in it. It does not lock: its owner does.
//
// Start reading at [Ring].
package ring

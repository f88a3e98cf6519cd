// Package push hands messages to the clouds that speak for devices: The Things Stack, ChirpStack and others that take a
// downlink as an HTTP request. What the request looks like is data of the source (package transform/downlink).
//
// A key goes to the address of the configuration and nowhere else: the expressions of a source give a path below it,
// and redirects are not followed. Each push has a deadline, an answer of bounded size, and a place among a bounded
// number to its target. A target that keeps failing is left alone for a while.
//
// The package neither receives messages nor settles them: [Client.Deliverer] is what package downlink hands them to.
// Start reading at [Client.Push].
package push

// Package lookup asks services over HTTP for what is to go with a message, and remembers their answers: weather by
// place, assets by serial number.
//
// A [Definition] is a look-up of the configuration, checked and compiled. A [Set] makes the calls: one at a time per
// key, never to another host than the configuration names, never for longer than somebody waits for the message. It
// does not say what becomes of an answer in a message: package transform/enrich does.
//
// Start reading at Set.Get; fetch.go has the call itself, freshness.go how long an answer is good for.
package lookup

// Package tail follows what a bridge does in a terminal: the requests and events of mayfly dev, by the HTTP API of its
// console, or the lines of a log on standard input.
//
// Start reading at Command. It keeps nothing but the numbers of what it has printed last.
package tail

// Package message has what the packages of transform share: [Request], [Message],
// the errors of a body ([Error]) and of a source ([Fault]), the limits of a
// request, and the rules for ids, names, times and numbers.
//
// It reads no bodies and evaluates nothing. It imports no other package of
// Mayfly, so that all of them may import it.
//
// Start reading at [Message] in message.go.
package message

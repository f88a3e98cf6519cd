// Package trigger sends the samples of sources to a bridge as their senders would: with their method, headers and
// media type, signed where the secret is known, once or many times, with values changed.
//
// It maps requests to find which of their values name the device, the time and the message, and sends nothing else
// than what a sample has. Start reading at Command in command.go; a request is made in send.go.
package trigger

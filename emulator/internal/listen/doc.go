// Package listen is the emulator's network: the HTTPS port with the certificates of a CA of its own, the console's
// port, and the tunnels that lead from the console's port (CONNECT) to the HTTPS server.
//
// It serves the handlers that it is given and does not know what they answer. Every goroutine and every connection
// belongs to a [Network] and ends with its Close.
//
// Start reading in network.go.
package listen

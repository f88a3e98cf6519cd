// Package host runs a handler where the process is: behind Lambda's events
// (lambda.go, lambda_event.go), behind the Azure Functions host, or at a socket of
// its own (server.go). The handler cannot tell them apart: it gets an http.Request
// with an id and, on Lambda, a deadline.
//
// Start reading at Serve. It does not know what the handler does.
package host

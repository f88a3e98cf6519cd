// Package function is the service: it takes HTTP requests of devices and of the
// clouds that speak for them, and brings their messages to IoT hubs. This folder is
// also the Azure function, so its binding (function.json) lies here.
//
// What is here is the way of a request and what it may be answered. ingest in
// routes.go shows all steps in order; start reading there:
//
//	service.go           a budget of time, a log record, an answer whatever happens
//	routes.go            the routes, and the steps of a request with messages
//	admit.go load.go     the body: its size, its compression, the load
//	working.go           the memory of a request at work
//	decode.go            body to messages, by package transform
//	answer.go            what the sender is told; internal/failure makes problems of errors
//	record.go metrics.go what the operator is told
//
// What a step does is below, in packages that do not know each other:
//
//	internal/host        Lambda's events, Azure Functions and sockets
//	internal/auth        who calls, and for which devices
//	internal/delivery    messages to hubs
//	internal/config      the environment and mayfly.yaml
//
// It does not: keep anything that may not be lost, map bodies (package transform),
// or speak with DPS and hubs itself (packages dps and httpsend).
package function

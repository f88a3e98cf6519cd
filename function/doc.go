// Package function is the middle of the star: the HTTP face of Mayfly, its
// policy, and the three hosts that it runs on. The same folder is the Azure
// function, so its binding (function.json) lies here too.
//
// A request goes through these files, in this order:
//
//	lambda.go server.go  the host's event or socket becomes an http.Request
//	service.go           a budget of time, a log record, the routes
//	admit.go             method, size, compression
//	authorise.go         who calls
//	decode.go            body to messages, by package transform
//	deliver.go           each device's messages, side by side
//	assign.go            device to hub, by package dps and the hint
//	answer.go problem.go what the sender hears
//
// Configuration comes from the environment: see [Config].
package function

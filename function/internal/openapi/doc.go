// Package openapi writes the HTTP contract of the running configuration as an OpenAPI 3.1
// document: the routes and sources that are served, how callers prove who they are, the
// limits, the answers of each source, and for each route the rows of the error table that it
// can answer. Handler serves the document; it is built at the first request that asks for it.
//
// The document never has a secret, the name of a caller, a fleet or a device. It exists for two
// readers: Public leaves out what the configuration file says of sources, which only
// callers are told, as in the errors for unknown routes; Callers has all.
//
// It does not serve the routes that it describes, and it does not decide who is a caller:
// package function does both. A test there compares the document with the routes.
//
// Start reading at Build in build.go; routes.go describes the fixed routes, sources.go makes
// those of the sources, and answers.go what is answered.
package openapi

// Package routehint tells the sender of a request that no route serves which route it
// probably meant. It names routes and sources only, and repeats nothing of the request.
package routehint

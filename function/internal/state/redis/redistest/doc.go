// Package redistest starts redis-server for tests, on a socket of its own behind a port that the test keeps, with its
// data in memory alone.
//
// It does not: install it. Start reading at Start.
package redistest

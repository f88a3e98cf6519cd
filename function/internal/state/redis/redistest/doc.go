// Package redistest starts redis-server for tests, on a port of its own, with its data in memory alone.
//
// It does not: install it. Start reading at Start.
package redistest

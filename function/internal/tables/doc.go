// Package tables has the tables of the configuration while the process runs. It reads a table again when it has
// changed: a file by its time, size and content, an address by ETag and Last-Modified.
//
// Whether a table has changed is looked at by requests that use it, once `refresh` has passed: no goroutine waits
// between requests, so that it is the same on Lambda, on Azure Functions and on a server. Such a request waits for a
// file for a moment at most ([maxPause]), never for another host; the others go on with the rows that there are. Only
// a table that was never read yet is waited for.
//
// Rows that cannot be read leave the old ones in use, and the log, /readyz and the metrics say so. What a table is, and
// what is wrong with one, is decided by package transform/table. Start reading at [Set].
package tables

// Package file is the queue of one machine: a log in a folder (package seglog), an index in memory (package order),
// and dead letters as one JSON file each.
//
//	DIR/lock      held by the process that has the queue open; a second one is refused
//	DIR/owner     the id of that process
//	DIR/log/      segments
//	DIR/dead/     dead letters
//	DIR/replay/   dead letters that are to come back: anybody may move a file here, the owner takes it into the log
//
// A process alone appends to files, since that is what durable mode waits for: one sequential write and one fsync,
// shared by all requests that wait at the same time. An embedded database (bbolt) would be less code here, and was
// decided against: it writes several pages in several places for each commit, and its two meta pages promise nothing
// about a file that was cut at any byte.
//
// It keeps about 150 bytes in memory for an item; bodies are read when they are received. After a start, what was
// leased or delayed is free at once, and attempts are counted from the beginning.
//
// It does not: share a folder among machines (a network folder is no place for it), or drop duplicates.
//
// Start reading at Open and Queue.Put.
package file

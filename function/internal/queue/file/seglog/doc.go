// Package seglog is the log of the file queue: records in segments, which are files that only grow, and that are
// deleted when all their items are done.
//
// A segment begins with a header (magic, version, a random salt, checksum). Each record after it has a length and a
// CRC-32C that begins with the salt, so that bytes in somebody's payload are never taken for a record. A record stores
// an item, or says which items are done. Append returns after fsync; calls that wait at the same time share one. Done
// does not wait: what a power cut takes from it is delivered once more.
//
// Segments are deleted in their order alone, so a record of what is done outlives the items it names. When too much
// of the log is done items, those of the oldest segment that are left are written again at the end.
//
// After a failed fsync nobody knows what the disk has. All that waited for it fails, the segment is cut to what was
// synced before, and another one is begun.
//
// When a log is opened, what has no valid checksum is left out and reported; valid records behind it are read.
// It does not: order items, lease them, or lock its folder against another process.
//
// Start reading at Open and Log.Append.
package seglog

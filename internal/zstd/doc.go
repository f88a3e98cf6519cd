package zstd

// The other files of this folder are Go's own internal/zstd, as they stand in Go
// 1.26: the standard library reads zstd (RFC 8878), but exports nothing to do so.
// The usual package, klauspost/compress, makes a table of CRCs when a process
// starts, a twentieth of a cold start on x86. When Go exports a decoder, this goes.
// The license of these files is Go's, in LICENSE.

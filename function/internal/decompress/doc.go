// Package decompress undoes the content codings of request bodies that have arrived, and
// charges what they become to the lease of the request. It reads no sockets.
//
// Start reading at [Decompressor.Decompress].
package decompress

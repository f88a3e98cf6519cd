// Package charset makes UTF-8 of the texts of old senders: single-byte charsets such as ISO
// 8859-1 and Windows-1252, UTF-16, and texts with a byte order mark or the NUL of a C string
// behind.
//
// It does not guess: a text is what its byte order mark or its sender says. Start reading at
// [ToUTF8].
package charset

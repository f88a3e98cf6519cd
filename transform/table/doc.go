// Package table reads look-up tables: rows of CSV with a header, of JSON or of YAML, found by the value of one column.
//
// A [Table] is read once by [Read], or refused with all that is wrong: [Faults]. It keeps the values as they are
// written, numbers with all their digits, in one text and a hash table: beside its text a row takes some twenty bytes
// and two or three for each cell. A look-up allocates nothing.
//
// Where the bytes come from, and when they are read again, is not known here.
package table

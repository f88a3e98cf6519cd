// Package hexdigits reads hex digits as people and devices write them, and says what is wrong with those that are not.
//
// It does not show the text itself. Start reading at [Decode].
package hexdigits

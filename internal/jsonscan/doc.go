// Package jsonscan walks over JSON text without decoding it: members of an
// object, elements of an array, the extent of a value. Numbers and strings stay
// the bytes that the sender wrote.
//
// It is as strict as encoding/json about syntax and bounds nesting by MaxDepth.
// It does not check UTF-8, does not look for duplicate names and allocates
// nothing, unless [Text] has to replace escapes. Start with [Members].
package jsonscan

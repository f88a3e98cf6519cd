// Package unknown finds the members of a JSON object that have no meaning, and those
// that were probably meant. It does not decide what becomes of them.
//
// Start reading at [Members].
package unknown

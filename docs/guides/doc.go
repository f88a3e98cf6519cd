// Package guides holds the guides, one per sender, and the tests that do what they say:
// they run the commands, send the requests to "mayfly dev", compare what the guides say
// one sees, and compute the tables of docs/cost.md. It has no code of its own.
//
// Start reading at guides_test.go.
package guides

// Package explain says in words what an answer or a line of the log means, what to look at and what to do. All of it
// is from the table of errors and from docs/runbook.md; there is no text of its own about a code.
//
// Start reading at Command.
package explain

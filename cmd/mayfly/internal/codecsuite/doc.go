// Package codecsuite finds the examples that belong to payload formatters and runs them.
//
// A [Suite] is one file of examples. [Find] looks for such files under a path; [Run] loads the formatter of each and
// compares what it returns with the examples. The formats of examples, and the comparison, are transform's; here is
// where files are found and which formatter a file of examples means.
//
// The package reads files and starts no processes; formatters run in transform's sandbox.
//
// Start reading at [Find].
package codecsuite

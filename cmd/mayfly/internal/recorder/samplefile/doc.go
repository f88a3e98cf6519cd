// Package samplefile adds a sample to a source in the text of a configuration file. All other lines stay as they are,
// with their comments.
//
// It reads and writes no files. Start reading at [Find].
package samplefile

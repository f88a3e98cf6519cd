// Package filelist finds the files that a configuration names: files, folders with all that is below them, and
// patterns. It reads no file.
package filelist

// Package sanitize tells which foreign names are fit for a log, a header or a
// terminal.
package sanitize

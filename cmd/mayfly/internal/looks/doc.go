// Package looks guesses how a body is written that comes without a media type, from a
// terminal: JSON, NDJSON, CSV, InfluxDB lines, forms, XML, or hex digits in place of
// bytes.
//
// It reads nothing of the body but its form; package transform reads it. Start reading
// at [Guess].
package looks

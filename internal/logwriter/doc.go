// Package logwriter keeps a log from stopping the service that writes it.
//
// A Writer passes lines on to a file or pipe. Where that accepts them, Write
// returns when the line is written, so that a log is complete when a process ends
// or is frozen. Where it does not (the reader of a pipe has stopped reading, or
// has gone away), Write waits once for Options.Patience; until the reader is back,
// later lines wait in a bounded buffer and no call waits any more. What does not
// fit is dropped and counted, and the count is written when the reader is back.
//
// It does not format records (log/slog does), rotate files or retry a write that
// failed.
//
// Start reading at Writer.Write.
package logwriter

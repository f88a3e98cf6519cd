// Package replay sends a file of messages to a bridge, several at once, and remembers how far it has got.
//
// A message that a retry may deliver is retried; one that no retry can deliver is written to a file of rejected
// messages with the reason. The position in the file covers all lines before it, whatever the order in which they were
// delivered, so a replay that was stopped can be continued.
//
// The package does not print: its caller shows progress.
//
// Start reading at [Replay.Run].
package replay

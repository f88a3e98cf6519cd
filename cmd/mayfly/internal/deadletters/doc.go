// Package deadletters does the work of mayfly dead-letters: it lists, shows, replays and drops what a queue could not
// deliver, for any kind of queue.
//
// It does not: open queues, or parse the command line. Payloads are printed by Show alone.
//
// Start reading at Tool.
package deadletters

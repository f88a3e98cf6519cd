// Package push exports metrics over OTLP: every so often on machines that run on, and before the answer on Lambda,
// where nothing runs between two requests.
//
// The values are cumulative, so an export that fails loses nothing that the next one does not bring, and nothing is
// kept for it. An export is one at a time and has a bound in time; what waits for it has a smaller one.
//
// It does not count: see package metrics. How an export gets to a receiver is in package otlp. Start reading at
// [Pusher].
package push

// Package devlines writes what mayfly dev shows in a terminal: one line per request, event and step of a
// cloud-to-device message. Foreign text stays on its line and moves no cursor.
//
// It decides nothing and keeps nothing. Start reading at [Lines].
package devlines

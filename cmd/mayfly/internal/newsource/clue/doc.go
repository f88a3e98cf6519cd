// Package clue tells what members of a foreign body may be, by their names and by the forms of their values: ids of
// devices, times, credentials, payload bytes. It knows nothing of sources, and decides nothing: it gives scores.
//
// Start reading at Candidates and TimeCandidates in fields.go.
package clue

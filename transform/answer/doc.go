// Package answer makes what the sender of a source is told from its request and from what
// became of it: a status, headers and a body, which the source's YAML gives as texts or as
// jq.
//
// It decides nothing of what became of a request, and writes nothing: package function does
// both. It reads no bodies: its caller gives the value of one.
//
// Start reading at Answer, which is the YAML, and at Set.Reply, which evaluates it.
package answer

// Package sources is the built-in sources: a YAML file for each, with its samples, and an Index that finds
// those that a request may be of.
//
// It does not parse them: package transform does, each when a request first needs it. hints.go is
// made from the files, so that the Index needs none of them. Start reading at Names and Index; how a
// source is written is in docs/mapping.md.
package sources

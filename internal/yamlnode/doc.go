// Package yamlnode reads the syntax tree of a YAML text: what aliases stand for, which members a mapping has with those
// that it merges, and where a node stands. It decodes no values; goccy/go-yaml does that, where places do not matter.
// Start at Anchors.
package yamlnode

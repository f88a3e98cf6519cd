// Package plan runs jq expressions as Go closures. Most of what sources say is
// paths, alternatives and a few functions, and gojq's machine needs twenty times
// as long to start as a closure needs to answer.
//
// It covers the constructs that the built-in sources use and no others: [New]
// gives nil for a query with anything else, and [Plan.Run] gives ok false for
// values that it does not handle and for every expression that fails. In all of
// these cases gojq has to evaluate the query, so that results and errors are
// gojq's always. The package knows nothing of sources, requests or YAML.
//
// Start reading at [New]. A query becomes a tree of nodes (node.go); term.go and
// control.go make nodes of jq's syntax, funcs.go of its functions.
package plan

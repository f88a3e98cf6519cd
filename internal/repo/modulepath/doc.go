// Command modulepath gives the module another path, for who keeps it at an address of
// their own:
//
//	make module-path NEW=github.com/you/mayfly
//
// It rewrites the go.mod files, imports, the linter's configuration and documents. It
// renames neither commands nor variables nor what is sent to others, and it changes
// only what is a path of a package here: "mayfly/dps", but not "./cmd/mayfly". It does
// not build the result; .ci/run does, in a copy.
//
// Start reading at rewrite.
package main

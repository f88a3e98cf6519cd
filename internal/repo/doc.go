// Package repo holds the rules of this repository that no linter knows, as tests:
//
//	go test ./internal/repo
//
// A go.mod replaces nothing, since "go install" refuses a module that does, and
// since users would build other code than CI. No file is a copy of a file of the
// standard library or of a dependency. A package has at most 2,500 lines beside its
// tests, a file 400, and a line 120 columns, where a tab counts as four. Every
// package says in a doc.go what it does, what it does not do, and where to start
// reading.
//
// What breaks a rule today stands in exceptions.txt. An exception that nothing
// needs any more fails the test, so the list only ever gets shorter.
//
// The package has no code for other packages. Start reading at repo_test.go; the
// rules are in rules_test.go, and rules_unit_test.go proves that they find what
// they are for.
package repo

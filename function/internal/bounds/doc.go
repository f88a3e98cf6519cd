// Package bounds knows how much memory the process may take, and shares it out: to
// bodies that are coming in, to what they become, to requests in flight and to codec
// workers. It also has the table of all bounds of the service, from which
// docs/limits.md is made.
//
// It counts nothing and refuses nothing: those who hold memory do.
//
// Start reading at [Derive] in sizes.go; the table is in table.go, and detect.go
// reads what the container or the function may take.
package bounds

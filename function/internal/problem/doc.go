// Package problem has the table of errors (table.go), and the error type that knows its
// row in it. It does not say how an error is answered: package function does.
package problem

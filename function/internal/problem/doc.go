// Package problem is the error type that knows its row in the error table of package
// function. It does not say how an error is answered: function does.
package problem

// Package method is which HTTP methods a route takes. It does not look at bodies, and not at who calls.
package method

// Package requestlog is a request's id, and the log of a handler that panicked.
package requestlog

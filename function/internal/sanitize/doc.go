// Package sanitize makes foreign text fit for a log, a header or an error.
package sanitize

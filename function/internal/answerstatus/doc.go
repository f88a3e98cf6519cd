// Package answerstatus knows the status of an answer after it was written. Start reading at Writer.
package answerstatus

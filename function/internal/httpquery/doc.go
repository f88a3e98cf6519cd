// Package httpquery reads queries as the senders of telemetry write them.
package httpquery

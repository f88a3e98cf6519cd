// Command yardstick is the minimum that a Go program can do to forward telemetry: decode, take a cached token, POST. It
// does not validate, provision, retry or log. bench/warm compares bootstrap with it.
package main

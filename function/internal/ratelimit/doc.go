// Package ratelimit is rates as they are configured (10/s), and taking from their
// buckets.
package ratelimit

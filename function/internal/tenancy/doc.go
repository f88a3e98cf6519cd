// Package tenancy shares the requests in flight among tenants: callers, fleets and sources. It knows who they are;
// package inflight counts.
//
// It does not decide who a caller is or what it may do: see package auth. Start reading at Tenancy.
package tenancy

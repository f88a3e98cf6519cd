// Package origin refuses requests that pages of other origins make browsers send.
//
// It does not authenticate anybody, and CORS is not offered. Start with [Guard.Check].
package origin

// Package exchange has one request to an emulated service while it is answered: what was parsed of it, what goes into
// the record, and which fault applies to it.
//
// It reads requests and decides nothing. Each service (packages dps, hub and blob) is a [Service]: it routes an
// Exchange to one of its handlers, which returns the answer. Package emulator makes exchanges, applies faults and
// writes answers.
//
// Start reading at [Exchange].
package exchange

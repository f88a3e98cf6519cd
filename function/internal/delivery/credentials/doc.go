// Package credentials finds by what a device proves who it is to DPS and to its hub:
// a certificate or a key of its own, a short-lived certificate of a CA (issuer.go),
// or a key of its enrollment group.
//
// Start reading at Set.Device. It does not speak with DPS.
package credentials

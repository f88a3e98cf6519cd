// Package auth decides who calls and what they may send: keys, tokens, client
// certificates and signatures, the addresses that a source is sent from, and the
// devices, gateways and fleets that a caller may speak for.
//
// Start reading at Authenticator: Authenticate (before the body is read), Verify
// (when the source and the body are known) and Authorize (when the devices are
// known). Whether a caller may speak for a device is decided in policy/caller.go.
//
// It does not answer requests, and it does not read the configuration: package
// config has checked what it is given.
package auth

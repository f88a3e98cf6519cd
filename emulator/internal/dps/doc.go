// Package dps is the device API of the Device Provisioning Service: register, poll, and look up.
//
// It checks requests as Azure does, authenticates devices (SAS token of a group or of an individual enrollment, X.509)
// and writes answers in the shape of the requested API version. What a registration does to a device is in package
// fleet. TPM attestation, certificate signing requests and the service API are not there.
//
// Start reading in service.go: Route names the three operations.
package dps

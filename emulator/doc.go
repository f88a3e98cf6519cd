// Package emulator is the Device Provisioning Service and any number of IoT hubs on this machine: their device
// HTTPS APIs, strict about what Azure is strict about, with faults on demand and a record of all that happened.
//
// Package documentation grows with the package; see the examples.
package emulator

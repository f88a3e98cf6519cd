// Package fleet is what DPS and the hubs know: devices with their registrations and their identities in hubs,
// enrollments, and the hubs that exist.
//
// All of it is one [Fleet] under one lock, because a registration changes what DPS says and what a hub accepts at the
// same time. Its methods are the steps that services and operators take: package dps registers devices and asks for
// their status, package hub looks for identities, and package emulator passes on what an operator does (provision,
// move, block, ...).
//
// The package does not know HTTP and does not authenticate: it is told in an [Attestation] who was authenticated. Time
// is always given by the caller.
//
// Start reading in registration.go, which has the way from a registration to an assigned hub.
package fleet

// Package sas implements what DPS and IoT Hub have in common: symmetric keys and
// the shared access signatures (tokens) that are made with them.
//
// It makes tokens and does not verify them, reads no clock, and never shows a
// key. The public packages dps and httpsend have Key types of their own, so that
// their methods show in go doc; both convert to and from [Key].
//
// Start reading at [Token].
package sas

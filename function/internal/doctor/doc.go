// Package doctor tries a configuration against the real DPS and hub, one step after the other, and says of each step
// whether it works, what it saw, and what to do: name, connection, clock, ID scope and key and, for one device, its
// registration, its hub and a test event.
//
// It changes nothing unless a device is named, and shows no secret. It does not read the configuration: whoever calls
// it has loaded one. To read the source, start at doctor.go; connect.go looks at one connection, explain.go turns
// errors into remedies.
package doctor

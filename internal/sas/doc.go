// Package sas holds the symmetric keys and the shared access signatures that
// DPS and IoT Hub have in common.
package sas

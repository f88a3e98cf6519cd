// Package settings reads the YAML that operators write: the configuration file, the
// sources and the keys of devices. It turns a panic of the YAML package into an
// error, and refuses what would be ignored silently.
//
// It knows no structure of any file; the types of its callers do. Start reading at
// Read.
package settings

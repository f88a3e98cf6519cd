// Package config makes one checked Config of the environment and mayfly.yaml. What is
// wrong is told at the start, all of it at once: FaultsError.
//
// Start reading at Load. Each variable is a field of Config or FleetSpec, and is
// described in variables.go. The parts of the file that are about callers and
// signatures are types of packages policy and signature.
//
// It does not act on the configuration, and it fetches no secret from a cloud.
package config

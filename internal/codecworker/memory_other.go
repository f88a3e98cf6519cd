//go:build !linux

package codecworker

// limitKernel does nothing: no limit of these systems counts what a Go program
// maps. memoryWatch remains.
func limitKernel() {}

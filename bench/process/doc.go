// Package process starts bootstrap beside an emulator, for the benchmarks that measure the built binary from outside.
// It measures nothing itself. Start reading at Start.
package process

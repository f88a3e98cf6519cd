// Package process starts bootstrap beside an emulator, for the benchmarks that measure the built binary from outside.
// It measures nothing itself but the CPU of a process. Start reading at Start.
package process

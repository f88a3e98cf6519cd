//go:build cgo

package codecworker

// threadStacks is for the threads that start later: with cgo, the C library maps
// 8 MiB for each.
const threadStacks = 8 * 8 << 20

//go:build !cgo

package codecworker

const threadStacks = 0

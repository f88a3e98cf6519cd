package codecworker

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// limitKernel has the kernel refuse what goes past the memory that the heap has by
// now, but for some slack for the runtime's own needs.
//
// RLIMIT_AS counts what is reserved. It refuses whatever does not fit into the
// heap's arenas, of which the last may have up to 64 MiB more than was asked for.
// RLIMIT_DATA counts private writable memory (since Linux 4.7). It alone would not
// do: Go maps memory over what it has reserved, and there the kernel looks only
// whether the limit was passed before.
//
// Where the kernel keeps neither, or /proc does not tell what is in use, memoryWatch
// remains.
func limitKernel() {
	// The kernel's choice, when memory runs out, should be this process.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0o600) // it may be read-only
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})       // a core would hold payloads
	size, data, ok := mapped()
	if !ok || raceDetector { // which maps several times what the program takes
		return
	}
	for limit, bytes := range map[int]uint64{syscall.RLIMIT_AS: size + slack, syscall.RLIMIT_DATA: data + slack} {
		_ = syscall.Setrlimit(limit, &syscall.Rlimit{Cur: bytes, Max: bytes}) // memoryWatch remains
	}
}

// mapped reads what counts towards RLIMIT_AS and RLIMIT_DATA at present.
func mapped() (size, data uint64, ok bool) {
	statm, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(statm)
	if err != nil || len(fields) < 6 {
		return 0, 0, false
	}
	size, err = strconv.ParseUint(string(fields[0]), 10, 64)
	if err != nil {
		return 0, 0, false
	}
	data, err = strconv.ParseUint(string(fields[5]), 10, 64)
	page := uint64(os.Getpagesize())
	return size * page, data * page, err == nil
}

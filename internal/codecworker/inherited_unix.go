//go:build unix

package codecworker

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// closeInherited closes what the parent inherited itself and handed on without
// knowing. The descriptors of this process's own runtime are closed on exec, and
// so told apart.
func closeInherited() {
	entries, _ := os.ReadDir("/dev/fd") // without it there is nothing to go by
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd <= 2 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), syscall.F_GETFD, 0); err == nil && flags&syscall.FD_CLOEXEC == 0 {
			_ = syscall.Close(fd)
		}
	}
}

package host

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unacknowledged gives the bytes that were written to a connection and that its peer has not acknowledged, and what is
// wrong with the connection. Of what is not a socket it knows nothing, and gives 0.
func unacknowledged(conn net.Conn) (pending int, fault error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return 0, nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Control(func(fd uintptr) {
		pending, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); err == nil && n != 0 {
			fault = unix.Errno(n)
		}
	})
	if err != nil {
		return 0, err
	}
	return pending, fault
}

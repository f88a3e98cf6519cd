package redistest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mayfly/internal/hosttest"
)

// Server is a redis-server.
type Server struct {
	t       *testing.T
	gate    *hosttest.Gate
	options []string
	cmd     *exec.Cmd
	exited  chan struct{}
}

// Start starts a server with options of its command line. It ends with the test.
func Start(t *testing.T, options ...string) *Server {
	t.Helper()
	s := &Server{t: t, gate: hosttest.StartGate(t), options: options}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// URL is the address of the server, whether it runs or not.
func (s *Server) URL() string { return "redis://" + s.gate.Addr() }

// Kill kills the server.
func (s *Server) Kill() {
	s.gate.Shut()
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Signal sends a signal to the server.
func (s *Server) Signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// Restart starts the server again, without its data.
func (s *Server) Restart() {
	s.t.Helper()
	dir, err := os.MkdirTemp("", "redis") // the name of a socket must be short
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	args := append([]string{
		"--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", dir,
	}, s.options...)
	cmd, exited := exec.Command("redis-server", args...), make(chan struct{})
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	s.cmd, s.exited = cmd, exited
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
			s.gate.Open("unix", socket)
			return
		}
		select {
		case <-exited:
			s.t.Fatal("redis-server does not start")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// File writes a file and gives its path.
func (s *Server) File(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

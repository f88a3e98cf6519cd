package hosttest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Build compiles the package at path (an import path, or a directory) into a temporary directory and returns the
// executable. It builds as go test does, so nothing is compiled twice.
func Build(tb testing.TB, path string) string {
	tb.Helper()
	exe := filepath.Join(tb.TempDir(), "bootstrap")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-o", exe, path)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go build %s: %v\n%s", path, err, out)
	}
	return exe
}

// Process is a program that a double started. It is killed when the test ends.
type Process struct {
	cmd    *exec.Cmd
	output lockedBuffer
	exited chan struct{}
	err    error // valid once exited is closed
}

// start runs cmd with more variables. If cmd does not have an environment, these are all: a test must not depend on the
// variables of the machine.
func start(tb testing.TB, cmd *exec.Cmd, env ...string) *Process {
	tb.Helper()
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	cmd.Env = append(cmd.Env, env...)
	if cmd.Stdout == nil {
		cmd.Stdout = &p.output
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.output
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	tb.Cleanup(p.Kill)
	return p
}

// Kill sends SIGKILL, as both clouds do, and waits for the end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// Signal sends a signal and does not wait.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// ExitCode waits for the end and returns the status, -1 after a signal.
func (p *Process) ExitCode() int {
	<-p.exited
	return p.cmd.ProcessState.ExitCode()
}

// Output is what the process has written so far, standard output and standard
// error together.
func (p *Process) Output() string { return p.output.String() }

// died describes the end of a process that should be running.
func (p *Process) died() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("hosttest: the process ended: %w\n%s", err, p.Output())
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

package process

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"mayfly/emulator"
)

const maxOutputBytes = 64 << 10 // that are kept of what the process writes

// Process is a bootstrap that listens.
type Process struct {
	URL, Addr string
	Azure     *emulator.Emulator

	child *Child
	dir   string
}

// Start builds bootstrap and starts it with a mayfly.yaml and variables of the environment.
func Start(file string, env ...string) (*Process, error) {
	dir, err := os.MkdirTemp("", "mayfly-bench")
	if err != nil {
		return nil, err
	}
	p := &Process{dir: dir}
	if err := p.start(file, env); err != nil {
		_ = p.Stop()
		return nil, err
	}
	return p, nil
}

func (p *Process) start(file string, env []string) error {
	exe, config := filepath.Join(p.dir, "bootstrap"), filepath.Join(p.dir, "mayfly.yaml")
	if err := Build(exe, "./cmd/bootstrap"); err != nil {
		return err
	}
	if err := os.WriteFile(config, []byte(file), 0o600); err != nil {
		return err
	}
	var err error
	p.Azure, err = emulator.New(emulator.Config{
		EventLimit: 100, CallLimit: 100, OperationsPerMinute: -1, AssignAtOnce: true,
	})
	if err != nil {
		return err
	}
	azure, err := Environment(p.Azure, p.dir)
	if err != nil {
		return err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(append(azure, "HOST=127.0.0.1", "PORT=0", "CONFIG="+config), env...)
	if p.child, p.Addr, err = Run(cmd); err != nil {
		return err
	}
	p.URL = "http://" + p.Addr
	return nil
}

// Build builds a program of this module as it is deployed.
func Build(exe, program string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", exe, program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// Environment makes an emulator listen and returns the variables that lead a program to it. It writes the emulator's CA
// into dir.
func Environment(azure *emulator.Emulator, dir string) ([]string, error) {
	if err := azure.Listen(context.Background()); err != nil {
		return nil, err
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, azure.CAPEM(), 0o600); err != nil {
		return nil, err
	}
	return []string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "HUB_HINT=" + emulator.DefaultHub,
		"SSL_CERT_FILE=" + ca, "HTTPS_PROXY=http://" + azure.ConsoleAddr()}, nil
}

// Stop ends the process. It returns an error if the process had ended before. It may be called again.
func (p *Process) Stop() error {
	var err error
	if p.child != nil {
		err = p.child.Stop()
	}
	if p.Azure != nil {
		_ = p.Azure.Close()
	}
	_ = os.RemoveAll(p.dir)
	return err
}

// Dump makes the process write its goroutines and end, and counts them.
func (p *Process) Dump() (int, error) {
	if err := p.child.cmd.Process.Signal(syscall.SIGQUIT); err != nil { // Go's runtime writes the stacks then
		return 0, err
	}
	p.child.Wait()
	return strings.Count(p.child.output.String(), "\ngoroutine "), nil
}

// PID gives the number of the process.
func (p *Process) PID() int { return p.child.PID() }

// Memory returns the resident memory of the process in MiB, now and at its maximum; 0 where that is not known.
func (p *Process) Memory() (now, peak int) {
	now, peak, _ = Memory(p.PID())
	return now, peak
}

// Memory returns the resident memory of a process in MiB, now and at its maximum.
func Memory(pid int) (now, peak int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "VmRSS":
			now = kib >> 10
		case "VmHWM":
			peak = kib >> 10
		}
	}
	return now, peak, err
}

// Child is a process that is running or has ended.
type Child struct {
	cmd    *exec.Cmd
	output *tail
	done   chan struct{} // closed when it has ended
	err    error         // after done: how it ended

	stop    sync.Once
	stopErr error
}

var address = regexp.MustCompile(`"address":"([^"]+)"`)

// Run starts a program that logs its address, and returns that address.
func Run(cmd *exec.Cmd) (c *Child, addr string, err error) {
	c = &Child{cmd: cmd, output: &tail{}, done: make(chan struct{})}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	cmd.Stderr = c.output
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewReader(out)
	var line string
	var match []string
	for err == nil && match == nil { // warnings may come first
		line, err = lines.ReadString('\n')
		match = address.FindStringSubmatch(line)
	}
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		c.err = cmd.Wait()
		close(c.done)
	}()
	if match == nil {
		_ = c.Stop()
		return nil, "", fmt.Errorf("it does not log its address: %q %s", line, c.output)
	}
	return c, match[1], nil
}

// PID is the id of the process.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Wait waits until the process has ended.
func (c *Child) Wait() { <-c.done }

// Stop kills the process and waits for its end. It returns an error if the process had ended before. It may be called
// again and then returns the same.
func (c *Child) Stop() error {
	c.stop.Do(func() {
		select {
		case <-c.done:
			c.stopErr = fmt.Errorf("the process ended by itself: %w\n%s", c.err, c.output)
		default:
			_ = c.cmd.Process.Kill()
			<-c.done
		}
	})
	return c.stopErr
}

// tail keeps the end of what a process writes.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > maxOutputBytes {
		t.text = bytes.Clone(t.text[len(t.text)-maxOutputBytes/2:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

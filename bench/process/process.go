package process

import (
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

	"mayfly/emulator"
)

// Process is a bootstrap that listens.
type Process struct {
	URL, Addr string
	Azure     *emulator.Emulator
	cmd       *exec.Cmd
	dir       string
	exited    chan ending
	tail      *tail
}

// ending is how the process ended.
type ending struct{ err error }

// tail keeps the end of what the process writes.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if len(t.text) > 64<<10 {
		t.text = bytes.Clone(t.text[len(t.text)-32<<10:])
	}
	return len(p), nil
}

// Start builds bootstrap and starts it; file is its mayfly.yaml.
func Start(file string, env ...string) (*Process, error) {
	p := &Process{exited: make(chan ending, 1), tail: &tail{}}
	var err error
	if p.dir, err = os.MkdirTemp("", "mayfly-bench"); err != nil {
		return nil, err
	}
	exe, config, ca := filepath.Join(p.dir, "bootstrap"), filepath.Join(p.dir, "mayfly.yaml"),
		filepath.Join(p.dir, "ca.pem")
	build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", exe, "./cmd/bootstrap")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	if p.Azure, err = emulator.New(emulator.Config{EventLimit: 100, CallLimit: 100, OperationsPerMinute: -1,
		AssignAtOnce: true}); err != nil {
		return nil, err
	}
	if err := p.Azure.Listen(context.Background()); err != nil {
		return nil, err
	}
	if err := os.WriteFile(ca, p.Azure.CAPEM(), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, []byte(file), 0o600); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(exe)
	p.cmd.Env = append([]string{"ID_SCOPE=" + p.Azure.IDScope(), "GROUP_KEY=" + p.Azure.GroupKey(), "HOST=127.0.0.1",
		"PORT=0", "CONFIG=" + config,
		"HUB_HINT=" + emulator.DefaultHub, "SSL_CERT_FILE=" + ca, "HTTPS_PROXY=http://" + p.Azure.ConsoleAddr()},
		env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = p.tail
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	head := make([]byte, 4096)
	n, _ := out.Read(head)
	match := regexp.MustCompile(`"address":"([^"]+)"`).FindSubmatch(head[:n])
	if match == nil {
		return nil, fmt.Errorf("it does not say where it listens: %s %s", head[:n], p.tail.text)
	}
	p.Addr = string(match[1])
	p.URL = "http://" + p.Addr
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.exited <- ending{p.cmd.Wait()}
	}()
	return p, nil
}

// Stop ends the process, and tells what it had to say if it had ended before.
func (p *Process) Stop() error {
	defer func() { _ = os.RemoveAll(p.dir); _ = p.Azure.Close() }()
	select {
	case end := <-p.exited:
		return fmt.Errorf("it ended by itself: %w\n%s", end.err, p.tail.text)
	default:
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
	return nil
}

// Dump makes the process write its goroutines and end, and counts them.
func (p *Process) Dump() (int, error) {
	if err := p.cmd.Process.Signal(quit); err != nil {
		return 0, err
	}
	p.exited <- <-p.exited // for Stop
	return bytes.Count(p.tail.text, []byte("\ngoroutine ")), nil
}

// Memory gives the resident memory of the process in MiB, now and at its most.
func (p *Process) Memory() (now, most int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "VmRSS":
			now = kib >> 10
		case "VmHWM":
			most = kib >> 10
		}
	}
	return now, most
}

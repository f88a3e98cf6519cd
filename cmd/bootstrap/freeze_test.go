//go:build unix

package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mayfly/emulator"
)

// cuttingProxy is an HTTP proxy that can cut all its connections at once, as a NAT or an upstream does with idle
// connections while a function is frozen.
type cuttingProxy struct {
	listener net.Listener
	next     string // the proxy behind this one

	mu    sync.Mutex
	conns []net.Conn
}

func newCuttingProxy(t *testing.T, next string) *cuttingProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &cuttingProxy{listener: listener, next: next}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", next)
			if err != nil {
				_ = conn.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, conn, behind)
			p.mu.Unlock()
			wg.Go(func() { _, _ = io.Copy(behind, bufio.NewReader(conn)); _ = behind.Close() })
			wg.Go(func() { _, _ = io.Copy(conn, behind); _ = conn.Close() })
		}
	})
	return p
}

func (p *cuttingProxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

// The process is frozen between messages, and the upstream closes idle connections meanwhile: no message is lost, and
// none is reported as failed.
func TestFrozenBetweenMessages(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	proxy := newCuttingProxy(t, azure.ConsoleAddr())
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = append(environment(t, azure, "PORT=0", "HUB_IDLE_TIMEOUT=1h"),
		"HTTPS_PROXY=http://"+proxy.listener.Addr().String())
	url := startServer(t, cmd)
	const rounds, each = 20, 10
	for round := range rounds {
		var wg sync.WaitGroup
		for i := range each {
			wg.Go(func() {
				res, err := http.Post(url+"/api/devices/dev-"+strconv.Itoa(i)+"/telemetry", "application/json",
					strings.NewReader(`{"round":`+strconv.Itoa(round)+`}`))
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					t.Errorf("round %d: %d %s", round, res.StatusCode, body)
				}
			})
		}
		wg.Wait()
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		proxy.cut()
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	// On a busy machine a try may take so long that another one is started beside it, and the message is stored twice
	// under one id.
	stored := map[string]bool{}
	for _, event := range azure.Events() {
		stored[event.MessageID] = true
	}
	if len(stored) != rounds*each {
		t.Errorf("%d of %d messages stored", len(stored), rounds*each)
	}
}

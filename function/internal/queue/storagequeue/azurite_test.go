//go:build azurite

package storagequeue_test

import (
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/function/internal/queue/storagequeue"
)

// startAzurite starts Azurite's queue service, which "npm ci" has put into tools/azurite, and returns its URL. A port
// that somebody else takes before Azurite does is given up for another one.
func startAzurite(t *testing.T) string {
	t.Helper()
	for range 5 {
		if url := tryAzurite(t); url != "" {
			return url
		}
	}
	t.Fatal("Azurite does not listen")
	return ""
}

func tryAzurite(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	main := filepath.Join("..", "..", "..", "..", "tools", "azurite", "node_modules", "azurite", "dist", "src", "queue",
		"main.js")
	server := exec.Command("node", main, "--queuePort", port, "--location", t.TempDir(), "--silent",
		"--disableTelemetry")
	out, exited := &strings.Builder{}, make(chan struct{})
	server.Stdout, server.Stderr = out, out
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = server.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = server.Process.Kill()
		<-exited
		if t.Failed() {
			t.Log(out.String())
		}
	})
	for {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
		}
		select {
		case <-exited:
			return ""
		case <-time.After(20 * time.Millisecond):
			if err == nil {
				return "http://127.0.0.1:" + port + "/devstoreaccount1/"
			}
		}
	}
}

// The suite that all queues pass, with Azurite, and the account and key that Azurite has for everybody.
func TestAzurite(t *testing.T) {
	url := startAzurite(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	at := func(t *testing.T, name string) *storagequeue.Queue {
		q, err := storagequeue.New(storagequeue.Options{
			URL: url + name, Transport: transport, Now: time.Now, Lease: 7 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = q.Close() })
		return q
	}
	var names atomic.Int64
	t.Run("suite", func(t *testing.T) {
		queuetest.Run(t, func(t *testing.T) queue.Queue {
			q := at(t, "mayfly"+strconv.FormatInt(names.Add(1), 10))
			if err := q.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "az storage queue create") {
				t.Fatalf("error %v, want one with the command that makes the queue", err)
			}
			if err := q.Create(t.Context()); err != nil {
				t.Fatal(err)
			}
			return q
		}, queuetest.Options{Quiet: 600 * time.Millisecond, Within: 30 * time.Second})
	})
}

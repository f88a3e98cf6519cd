//go:build azurite

package storagequeue_test

import (
	"context"
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

// startAzurite starts Azurite's queue service, which "npm ci" has put into tools/azurite, and returns its URL.
func startAzurite(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	main := filepath.Join("..", "..", "..", "..", "tools", "azurite", "node_modules", "azurite", "dist", "src", "queue",
		"main.js")
	var out strings.Builder
	server := exec.CommandContext(ctx, "node", main, "--queuePort", port, "--location", t.TempDir(), "--silent",
		"--disableTelemetry")
	server.Stdout, server.Stderr = &out, &out
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = server.Wait()
		if t.Failed() {
			t.Log(out.String())
		}
	})
	for range 1500 {
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			return "http://127.0.0.1:" + port + "/devstoreaccount1/"
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("Azurite does not listen")
	return ""
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

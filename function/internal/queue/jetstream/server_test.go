package jetstream_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/jetstream"
)

// serve starts a server that writes to its disk before it acknowledges, unless change says otherwise.
func serve(t *testing.T, change func(*server.Options)) *server.Server {
	t.Helper()
	o := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: server.RANDOM_PORT,
		JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoLog: true, NoSigs: true,
	}
	if change != nil {
		change(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s
}

var streams atomic.Int64

// address is the URL of a queue of its own on a server.
func address(s *server.Server, parameters string) string {
	return fmt.Sprintf("%s/Q%d?monitor=http://%s&lease=2s&%s", s.ClientURL(), streams.Add(1), s.MonitorAddr(),
		parameters)
}

func open(t *testing.T, url string) *jetstream.Queue {
	t.Helper()
	q, err := jetstream.Open(t.Context(), url, jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

func put(t *testing.T, q queue.Queue, items ...queue.Item) {
	t.Helper()
	for i, err := range q.Put(t.Context(), items) {
		if err != nil {
			t.Fatalf("item %d: %v", i, err)
		}
	}
}

func item(key string, n int) queue.Item {
	id := fmt.Sprint(key, "-", n)
	return queue.Item{Key: key, ID: id, Data: []byte(strings.Repeat(id, 3))}
}

package host

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The limits of a server's sockets stay above the time that the handler has.
func TestServerLimits(t *testing.T) {
	t.Parallel()
	type limits struct {
		Head, Read, Write, Idle time.Duration
		HeadBytes               int
	}
	for name, tt := range map[string]struct {
		request time.Duration
		want    limits
	}{
		"default": {0, limits{5 * time.Second, 90 * time.Second, 150 * time.Second, 2 * time.Minute, 32 << 10}},
		"a request": {10 * time.Second, limits{5 * time.Second, 70 * time.Second, 130 * time.Second, 2 * time.Minute,
			32 << 10}},
	} {
		s := newServer(t.Context(), &Options{RequestTimeout: tt.request, Log: slog.New(slog.DiscardHandler)}, nil)
		got := limits{s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// pipes is a listener in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error { close(p); return nil }

func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A stop waits for requests as long as it may, and for the rest of a body a tenth of
// that.
func TestStopTimes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit, work time.Duration // how long the handler works on after its body
		body        string
		took        time.Duration
		late        bool
	}{
		"nothing under way":       {20 * time.Second, 0, "", 0, false},
		"a request that ends":     {20 * time.Second, 15 * time.Second, "ab", 15 * time.Second, false},
		"a request that does not": {20 * time.Second, time.Hour, "ab", 20 * time.Second, true},
		"the same, by default":    {0, time.Hour, "ab", 30 * time.Second, true},
		"half a body":             {20 * time.Second, 0, "a", 2 * time.Second, false},
		"half a body, by default": {0, 0, "a", 3 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				bodies := newArrivals(90 * time.Second)
				log := slog.New(slog.DiscardHandler)
				ended := make(chan struct{})
				handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.ReadAll(r.Body)
					select {
					case <-time.After(tt.work):
					case <-ended:
					}
				})
				srv := newServer(t.Context(), &Options{Log: log}, &hostHandler{next: handler, log: log, bodies: bodies})
				listener := make(pipes)
				go func() { _ = srv.Serve(listener) }()
				if tt.body != "" {
					client, server := net.Pipe()
					listener <- server
					go func() { _, _ = io.Copy(io.Discard, client) }()
					if _, err := io.WriteString(client,
						"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"+tt.body); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				start := time.Now()
				err := stop(context.Background(), srv, bodies, tt.limit)
				// net/http looks once in half a second whether connections are idle.
				took := time.Since(start)
				if (err != nil) != tt.late || took < tt.took || took > tt.took+500*time.Millisecond {
					t.Errorf("%v after %s, want %s", err, took, tt.took)
				}
				close(ended)
			})
		})
	}
}

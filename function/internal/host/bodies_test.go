package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// A body has ten seconds, and as long as it needs at 64 bytes a second, but no longer
// than the server's limit. What is late ends with a deadline error.
func TestBodiesHaveAMinimumRate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		length, chunk int
		every         time.Duration
		want          time.Duration // when the read ends
		late          bool
	}{
		"at once":                        {1000, 1000, 0, 0, false},
		"nothing comes":                  {1000, 0, 0, 10 * time.Second, true},
		"64 bytes a second":              {4096, 64, time.Second, 63 * time.Second, false},
		"a byte a second":                {1000, 1, time.Second, 10*time.Second + 10*time.Second/64, true},
		"half, and then nothing":         {1280, 640, time.Hour, 20 * time.Second, true},
		"faster than that, and too long": {1 << 20, 640, time.Second, 90 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				type end struct {
					err  error
					took time.Duration
				}
				ended := make(chan end, 1)
				client := serveOnPipe(t, func(_ http.ResponseWriter, r *http.Request) {
					_, err := io.Copy(io.Discard, r.Body)
					ended <- end{err, time.Since(start)}
				})
				go func() {
					_, _ = fmt.Fprintf(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", tt.length)
					for sent := 0; sent < tt.length && tt.chunk > 0; sent += tt.chunk {
						if _, err := client.Write(make([]byte, tt.chunk)); err != nil {
							return
						}
						select {
						case <-time.After(tt.every):
						case <-t.Context().Done():
							return
						}
					}
				}()
				got := <-ended
				// A byte a second earns time for each byte that came before the end.
				if late := errors.Is(got.err, os.ErrDeadlineExceeded); late != tt.late ||
					got.took.Round(100*time.Millisecond) != tt.want.Round(100*time.Millisecond) {
					t.Errorf("%v after %v, want %v, late: %v", got.err, got.took, tt.want, tt.late)
				}
			})
		})
	}
}

// While the handler works, the deadline of the body does not count.
func TestBodyDeadlineEndsWithTheBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := serveOnPipe(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			time.Sleep(80 * time.Second)
			if err := r.Context().Err(); err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(w, "done")
		})
		answers := bufio.NewReader(client)
		for range 2 { // on the same connection
			_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
			res, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			if text, _ := io.ReadAll(res.Body); string(text) != "done" {
				t.Errorf("%s %q", res.Status, text)
			}
		}
	})
}

// The rest of a body that the handler did not want is waited for briefly, and then the
// answer goes out.
func TestUnwantedBodiesEndSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := serveOnPipe(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		})
		start := time.Now()
		_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
		res, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil || res.StatusCode != http.StatusUnauthorized || !res.Close {
			t.Fatal(res, err)
		}
		if took := time.Since(start); took != restTimeout {
			t.Errorf("after %v", took)
		}
	})
}

// serveOnPipe serves one connection in memory until the test ends.
func serveOnPipe(t *testing.T, h http.HandlerFunc) net.Conn {
	t.Helper()
	accept := serveOnPipes(t, 0, h)
	client, server := net.Pipe()
	t.Cleanup(func() { _ = client.Close() })
	accept <- server
	return client
}

// serveOnPipes serves connections in memory until the test ends.
func serveOnPipes(t *testing.T, limit int, h http.HandlerFunc) pipes {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	srv := newServer(t.Context(), &Options{Log: log, MaxConnections: limit},
		&hostHandler{next: h, log: log, bodies: newArrivals(90 * time.Second)})
	accept := make(pipes)
	go func() { _ = srv.Serve(listener{accept}) }()
	t.Cleanup(func() {
		_ = srv.Close()
		time.Sleep(time.Second) // net/http lingers for a moment
	})
	return accept
}

package host

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// One step is a connection of an address that opens, or begins to do something. Each
// takes place a second after the one before.
type connStep struct {
	name  string // its first letter is the address
	state connState
}

// The connection that is closed for a newcomer.
func TestWhichConnectionIsClosed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		steps []connStep // the last one is the newcomer, the fourth
		want  string
	}{
		"the oldest idle one": {
			[]connStep{{"a1", connIdle}, {"b1", connIdle}, {"c1", connIdle}, {"d1", connHead}}, "a1",
		},
		"one that became idle before": {
			[]connStep{{"a1", connIdle}, {"b1", connIdle}, {"c1", connIdle}, {"a1", connIdle}, {"d1", connHead}}, "b1",
		},
		"an idle one before one without a request": {
			[]connStep{{"a1", connHead}, {"b1", connIdle}, {"c1", connBody}, {"d1", connHead}}, "b1",
		},
		"one without a request before one without its body": {
			[]connStep{{"a1", connBody}, {"b1", connHead}, {"c1", connBusy}, {"d1", connHead}}, "b1",
		},
		"one without its body before one that works": {
			[]connStep{{"a1", connBusy}, {"b1", connBusy}, {"c1", connBody}, {"d1", connHead}}, "c1",
		},
		"of the address with most of them": {
			[]connStep{{"a1", connIdle}, {"b1", connBody}, {"b2", connBody}, {"d1", connHead}}, "b1",
		},
		"of the newcomer's own address": {
			[]connStep{{"a1", connIdle}, {"b1", connBody}, {"b2", connBody}, {"b3", connHead}}, "b1",
		},
		"of the same IPv6 network": {
			[]connStep{{"a1", connIdle}, {"v1", connIdle}, {"w1", connIdle}, {"d1", connHead}}, "v1",
		},
		"the newcomer, where all work": {
			[]connStep{{"a1", connBusy}, {"b1", connBusy}, {"c1", connBusy}, {"d1", connHead}}, "d1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cs := newConnections(3)
				open := map[string]*connection{}
				closed := ""
				for _, s := range tt.steps {
					if open[s.name] == nil {
						conn := &fakeConn{addr: s.name[0], closed: func() { closed += s.name }}
						open[s.name] = connectionOf(cs.context(t.Context(), conn))
					}
					open[s.name].set(s.state)
					time.Sleep(time.Second)
				}
				if closed != tt.want {
					t.Errorf("%q is closed, want %q", closed, tt.want)
				}
				for conn := range cs.open {
					cs.changed(conn, http.StateClosed)
				}
				if len(cs.open) != 0 || len(cs.networks) != 0 {
					t.Errorf("%d connections and %d networks are left", len(cs.open), len(cs.networks))
				}
			})
		})
	}
}

// fakeConn is a connection from an address.
type fakeConn struct {
	net.Conn
	addr   byte
	closed func()
}

func (f *fakeConn) RemoteAddr() net.Addr {
	if f.addr >= 'v' { // two addresses of one network
		return &net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("2001:db8::%x", f.addr)), Port: 1}
	}
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, f.addr), Port: 1}
}

func (f *fakeConn) Close() error { f.closed(); return nil }

// However many connections stay idle, send half a header or half a body: a newcomer is
// answered, and those that work are not cut off.
func TestNewcomersGetIn(t *testing.T) {
	t.Parallel()
	const limit, many = 20, 100
	for name, begins := range map[string]string{
		"idle":        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"silent":      "",
		"half a head": "POST / HTTP/1.1\r\nHost:",
		"half a body": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				accept := serveOnPipes(t, limit, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					if r.URL.Path == "/slow" {
						<-release
					}
					w.WriteHeader(http.StatusNoContent)
				})
				dial := func(raw string) (net.Conn, *bufio.Reader) {
					client, server := net.Pipe()
					t.Cleanup(func() { _ = client.Close() })
					accept <- server
					_, _ = io.WriteString(client, raw)
					return client, bufio.NewReader(client)
				}
				_, busy := dial("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
				for range many {
					_, answers := dial(begins)
					go func() { _, _ = io.Copy(io.Discard, answers) }()
					synctest.Wait()
				}
				for range 5 {
					_, answers := dial("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
					res, err := http.ReadResponse(answers, nil)
					if err != nil || res.StatusCode != http.StatusNoContent {
						t.Fatal("a newcomer:", err)
					}
				}
				close(release)
				if res, err := http.ReadResponse(busy, nil); err != nil || res.StatusCode != http.StatusNoContent {
					t.Error("the one that works:", err)
				}
			})
		})
	}
}

// HTTP/1.1 is all that a server speaks: neither a preface nor an upgrade begins HTTP/2.
func TestNoHTTP2(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw  string
		want int
	}{
		"with prior knowledge": {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505},
		"by upgrade": {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
			"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", 204},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := serveOnPipe(t, func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != 1 {
					t.Error(r.Proto)
				}
				w.WriteHeader(http.StatusNoContent)
			})
			go func() { _, _ = io.WriteString(client, tt.raw) }()
			res, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil || res.StatusCode != tt.want {
				t.Errorf("%s: %v, %v, want %d", name, res, err, tt.want)
			}
		})
	}
	srv := newServer(t.Context(), &Options{Log: slog.New(slog.DiscardHandler)}, nil)
	if srv.Protocols.HTTP2() || srv.Protocols.UnencryptedHTTP2() {
		t.Error("HTTP/2 is offered:", srv.Protocols)
	}
}

// Heads that never end take a bounded room: the oldest are closed for a newcomer.
func TestHeadsAreBounded(t *testing.T) {
	t.Parallel()
	const many, size = 300, 16 << 10
	synctest.Test(t, func(t *testing.T) {
		accept := serveOnPipes(t, 0, noContent)
		var closed atomic.Int64
		for range many {
			client, server := net.Pipe()
			t.Cleanup(func() { _ = client.Close() })
			accept <- server
			_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("a:\r\n", size/4))
			go func() {
				_, _ = io.Copy(io.Discard, client)
				closed.Add(1)
			}()
			synctest.Wait()
		}
		if open := many - closed.Load(); open > maxHeads/size || open < maxHeads/size-2 {
			t.Errorf("%d heads of %d bytes are open", open, size)
		}
		client, server := net.Pipe()
		defer func() { _ = client.Close() }()
		accept <- server
		_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil || res.StatusCode != http.StatusNoContent {
			t.Error("a newcomer:", err)
		}
	})
}

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// A request has 200 header fields at most, under the same name or not.
func TestHeaderFieldsAreBounded(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]int{
		strings.Repeat("a: b\r\n", 200): http.StatusNoContent,
		strings.Repeat("a: b\r\n", 201): http.StatusRequestHeaderFieldsTooLarge,
	} {
		synctest.Test(t, func(t *testing.T) {
			client := serveOnPipe(t, noContent)
			go func() { _, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n"+fields+"\r\n") }()
			res, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil || res.StatusCode != want {
				t.Errorf("%d fields: %v, %v, want %d", strings.Count(fields, "\n"), res, err, want)
			}
		})
	}
}

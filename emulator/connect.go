package emulator

import (
	"bufio"
	"net"
	"net/http"
	"sync"
)

// tunnels is a listener whose connections come from CONNECT: the HTTPS server takes them over as if they had been
// dialled, so that a tunnel needs no goroutine and no second socket.
type tunnels struct {
	addr net.Addr
	ch   chan net.Conn
	done chan struct{}
	once sync.Once
}

func newTunnels(addr net.Addr) *tunnels {
	return &tunnels{addr: addr, ch: make(chan net.Conn), done: make(chan struct{})}
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.ch:
		return c, nil
	case <-t.done:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error {
	t.once.Do(func() { close(t.done) })
	return nil
}

func (t *tunnels) Addr() net.Addr { return t.addr }

func (t *tunnels) hand(c net.Conn) {
	select {
	case t.ch <- c:
	case <-t.done:
		_ = c.Close()
	}
}

// earlyConn gives back what the client sent before the tunnel stood.
type earlyConn struct {
	net.Conn
	r *bufio.Reader
}

func (c earlyConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// connect lets any program that honours HTTPS_PROXY reach the emulator by Azure's host names.
func (e *Emulator) connect(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	kind := e.kindOf(hostOnly(host))
	if err != nil || port != "443" || kind == hostOther || kind == hostLoopback {
		http.Error(w, "this proxy leads to DPS, IoT hubs and the emulator's store on port 443 only", http.StatusForbidden)
		return
	}
	e.net.mu.Lock()
	t := e.net.tunnels
	e.net.mu.Unlock()
	if t == nil {
		http.Error(w, "the emulator does not listen", http.StatusBadGateway)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no tunnel over this connection", http.StatusBadGateway)
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	if rw.Reader.Buffered() > 0 {
		conn = earlyConn{conn, rw.Reader}
	}
	t.hand(conn)
}

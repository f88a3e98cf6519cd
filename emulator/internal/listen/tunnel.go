package listen

import (
	"bufio"
	"net"
	"net/http"
	"sync"
)

// tunnels is a listener whose connections come from CONNECT: the HTTPS server accepts them like any other connection,
// so a tunnel needs neither a goroutine nor a second socket.
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

// pass gives a connection to the server.
func (t *tunnels) pass(c net.Conn) {
	select {
	case t.ch <- c:
	case <-t.done:
		_ = c.Close()
	}
}

// bufferedConn reads first what the client sent before the tunnel was established.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c bufferedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// Tunnel answers CONNECT with a tunnel to the HTTPS server, so that any program that honors HTTPS_PROXY reaches the
// emulator by Azure's host names. Which targets are allowed is decided by the caller.
func (n *Network) Tunnel(w http.ResponseWriter, _ *http.Request) {
	n.mu.Lock()
	t := n.tunnels
	n.mu.Unlock()
	if t == nil {
		http.Error(w, "the emulator does not listen", http.StatusBadGateway)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection cannot be turned into a tunnel", http.StatusBadGateway)
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	if rw.Reader.Buffered() > 0 {
		conn = bufferedConn{conn, rw.Reader}
	}
	t.pass(conn)
}

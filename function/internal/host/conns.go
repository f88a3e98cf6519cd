package host

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"mayfly/function/internal/bodyroom"
)

// maxConnections is how many connections a server has at one time.
const maxConnections = 4096

const (
	// maxHeads bounds the bytes of all heads that are coming in. What net/http makes of a
	// head of many short fields is nearly twenty times as large.
	maxHeads = 2 << 20
	// maxFields is how many header fields a request may have. They are kept as long as it
	// is worked on.
	maxFields = 200
)

// connections are the open connections of a server. When there are too many, one that
// does no work is closed for the newcomer: of the network that has most of them, first
// one that waits for its next request, then one whose request has not come yet, then
// one whose body has not. One whose request is being worked on never is.
type connections struct {
	max   int
	heads *bodyroom.Room // bytes of requests whose head is coming in

	mu       sync.Mutex
	open     map[net.Conn]*connection
	networks map[netip.Prefix]int // how many each has
}

// connection is one of them. A nil one is not known, and does nothing.
type connection struct {
	framing
	all     *connections
	network netip.Prefix
	socket  *framed // what the bytes come from, encrypted ones too; nil: not known
	state   connState
	since   time.Time // it is in this state
}

// connState says what a connection does. The first to be closed is the lowest.
type connState int

const (
	connIdle connState = iota
	connHead           // its request is coming in
	connBody           // its body is
	connBusy
)

func newConnections(limit int) *connections {
	return &connections{
		max: limit, heads: bodyroom.New(maxHeads, now),
		open: map[net.Conn]*connection{}, networks: map[netip.Prefix]int{},
	}
}

type connectionKey struct{}

// connectionOf returns the connection of a request; nil where there is none.
func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

// context is the ConnContext of a server: it takes a new connection in, and closes
// another one where there are too many. Where all of them work, it closes the new one.
func (cs *connections) context(ctx context.Context, conn net.Conn) context.Context {
	c := &connection{all: cs, network: networkOf(conn), state: connHead, since: now()}
	c.plain, _ = conn.(*framed)
	c.socket = c.plain
	if encrypted, ok := conn.(*tls.Conn); ok {
		c.socket, _ = encrypted.NetConn().(*framed)
	}
	c.awaitHead()
	cs.mu.Lock()
	cs.open[conn] = c
	cs.networks[c.network]++
	var victim net.Conn
	var gone *connection
	if len(cs.open) > cs.max {
		victim = cs.victim(c)
		if victim == nil {
			victim = conn
		}
		gone = cs.open[victim]
		cs.remove(victim)
	}
	cs.mu.Unlock()
	gone.endHead()
	if encrypted, ok := victim.(*tls.Conn); ok {
		victim = encrypted.NetConn() // to say goodbye could take long
	}
	if victim != nil {
		_ = victim.Close()
	}
	return context.WithValue(ctx, connectionKey{}, c)
}

// victim returns the connection to close for a newcomer, or nil.
func (cs *connections) victim(newcomer *connection) net.Conn {
	var found net.Conn
	var worst *connection
	for conn, c := range cs.open {
		if c.state == connBusy || c == newcomer {
			continue
		}
		if worst == nil || cs.before(c, worst) {
			found, worst = conn, c
		}
	}
	return found
}

// before tells whether a is closed rather than b.
func (cs *connections) before(a, b *connection) bool {
	switch na, nb := cs.networks[a.network], cs.networks[b.network]; {
	case na != nb:
		return na > nb
	case a.state != b.state:
		return a.state < b.state
	default:
		return a.since.Before(b.since)
	}
}

func (cs *connections) remove(conn net.Conn) {
	c := cs.open[conn]
	if c == nil {
		return
	}
	delete(cs.open, conn)
	if cs.networks[c.network]--; cs.networks[c.network] == 0 {
		delete(cs.networks, c.network)
	}
}

// changed is the ConnState of a server.
func (cs *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateIdle:
		cs.mu.Lock()
		c := cs.open[conn]
		cs.mu.Unlock()
		c.set(connIdle)
		c.awaitHead()
	case http.StateClosed, http.StateHijacked:
		cs.mu.Lock()
		c := cs.open[conn]
		cs.remove(conn)
		cs.mu.Unlock()
		c.endHead()
	case http.StateNew, http.StateActive: // the handler says more
	}
}

// set notes what a connection does from now on.
func (c *connection) set(state connState) {
	if c == nil {
		return
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.state, c.since = state, now()
}

// awaitHead and endHead say that the bytes that come are those of a head, or no longer.
func (c *connection) awaitHead() {
	if c != nil && c.socket != nil {
		c.socket.begin(c.all.heads, c.network)
	}
}

func (c *connection) endHead() {
	if c != nil && c.socket != nil {
		c.socket.begin(nil, netip.Prefix{})
	}
}

// closeAfter tells whether the connection has to be closed after the answer to a
// request.
func (c *connection) closeAfter(r *http.Request) bool { return c != nil && c.framing.closeAfter(r) }

// networkOf is the address of an IPv4 client, and the /64 of an IPv6 client.
func networkOf(conn net.Conn) netip.Prefix {
	var addr netip.Addr
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		addr = tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	network, _ := addr.Prefix(bits) // zero where there is no address
	return network
}

// listener hands out connections that can be looked at.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &framed{Conn: conn}, nil
}

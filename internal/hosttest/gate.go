package hosttest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Gate is an address that a test keeps from its beginning to its end, in front of a server that comes and goes. So no
// port has to be free twice. While no server is there, it closes connections as soon as they are made.
type Gate struct {
	listener net.Listener
	all      sync.WaitGroup

	mu               sync.Mutex
	network, address string // of the server; empty while there is none
	connections      map[net.Conn]bool
}

// StartGate makes a gate. It ends with the test.
func StartGate(tb testing.TB) *Gate {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	g := &Gate{listener: listener, connections: map[net.Conn]bool{}}
	g.all.Go(g.accept)
	tb.Cleanup(func() {
		_ = listener.Close()
		g.Shut()
		g.all.Wait()
	})
	return g
}

// Addr is the address of the gate, as in 127.0.0.1:4222.
func (g *Gate) Addr() string { return g.listener.Addr().String() }

// Open lets connections through to a server from now on.
func (g *Gate) Open(network, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.network, g.address = network, address
}

// Shut closes all connections, and lets none through.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.address = ""
	for c := range g.connections {
		_ = c.Close()
	}
}

func (g *Gate) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.all.Go(func() { g.pass(client) })
	}
}

// pass carries bytes both ways, until either side ends.
func (g *Gate) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	g.mu.Lock()
	network, address := g.network, g.address
	g.mu.Unlock()
	if address == "" {
		return
	}
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	defer g.forget(client, server)
	if !g.keep(address, client, server) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	_, _ = io.Copy(server, client)
	_ = server.Close()
	back.Wait()
}

// keep notes connections that Shut closes, unless it was called since they were made.
func (g *Gate) keep(address string, connections ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range connections {
		g.connections[c] = true
	}
	return g.address == address
}

func (g *Gate) forget(connections ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range connections {
		delete(g.connections, c)
	}
}

package listen

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readHeaderTimeout = 30 * time.Second
	idleTimeout       = 5 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// ErrListening means that Open was called twice.
var ErrListening = errors.New("emulator: already listening")

// Error says which port cannot be opened.
type Error struct {
	Port string // HTTPS or console
	Addr string
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("emulator: %s port at %s: %v", e.Port, e.Addr, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Options are what a Network serves.
type Options struct {
	HTTPSAddr   string
	HTTPS       http.Handler
	ConsoleAddr string
	Console     http.Handler
	Authority   *Authority
	ErrorLog    io.Writer // receives what net/http reports about bugs in handlers
}

// Network is what Open opens and Close closes. The zero value is ready to be opened.
type Network struct {
	closed atomic.Bool

	mu       sync.Mutex
	https    net.Listener
	console  net.Listener
	tunnels  *tunnels
	servers  []*http.Server
	running  sync.WaitGroup // servers and their connections
	finished chan struct{}
}

// Open opens both ports and serves them until Close or until ctx ends.
func (n *Network) Open(ctx context.Context, o Options, onEnd func()) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.finished != nil {
		return ErrListening
	}
	leaf, err := o.Authority.Leaf()
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	https, err := lc.Listen(ctx, "tcp", o.HTTPSAddr)
	if err != nil {
		return &Error{"HTTPS", o.HTTPSAddr, err}
	}
	console, err := lc.Listen(ctx, "tcp", o.ConsoleAddr)
	if err != nil {
		_ = https.Close()
		return &Error{"console", o.ConsoleAddr, err}
	}
	n.https, n.console, n.tunnels, n.finished = https, console, newTunnels(https.Addr()), make(chan struct{})
	config := &tls.Config{
		Certificates: []tls.Certificate{leaf},
		// Devices with a SAS token have no certificate: ask for one, and leave the decision to the handler.
		ClientAuth: tls.RequestClientCert,
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
	}
	devices, people := n.server(o.HTTPS, o.ErrorLog), n.server(o.Console, o.ErrorLog)
	n.servers = []*http.Server{devices, people}
	n.serve(devices, tls.NewListener(https, config))
	n.serve(devices, tls.NewListener(n.tunnels, config))
	n.serve(people, console)
	n.running.Go(func() {
		select {
		case <-ctx.Done():
			onEnd()
			n.stop()
		case <-n.finished:
		}
	})
	return nil
}

func (n *Network) server(h http.Handler, errorLog io.Writer) *http.Server {
	p := &http.Protocols{}
	p.SetHTTP1(true) // as Azure's servers: no ALPN, HTTP/1.1
	return &http.Server{
		Handler: h, Protocols: p,
		ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: log.New(handshakeFilter{errorLog}, "", log.LstdFlags),
		// Close waits for connections too: their first state is set by Serve, which it waits for itself.
		ConnState: func(c net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				n.running.Add(1)
				if n.closed.Load() { // accepted while http.Server.Close went through the connections that it knew
					_ = c.Close()
				}
			case http.StateClosed, http.StateHijacked:
				n.running.Done()
			case http.StateActive, http.StateIdle:
			}
		},
	}
}

// handshakeFilter passes on reports of bugs. A handshake that a client gives up is not one.
type handshakeFilter struct{ w io.Writer }

func (f handshakeFilter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("TLS handshake error")) {
		return len(p), nil
	}
	return f.w.Write(p)
}

func (n *Network) serve(s *http.Server, l net.Listener) {
	n.running.Go(func() { _ = s.Serve(l) })
}

// stop closes the servers without waiting.
func (n *Network) stop() {
	n.closed.Store(true)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.servers {
		_ = s.Close()
	}
	n.servers = nil
}

// Close closes the ports and the connections, and waits until all goroutines have ended.
func (n *Network) Close() {
	n.stop()
	n.mu.Lock()
	if n.finished == nil {
		n.finished = make(chan struct{})
	}
	select {
	case <-n.finished:
	default:
		close(n.finished)
	}
	n.mu.Unlock()
	n.running.Wait()
}

// HTTPSAddr is host:port of the HTTPS port; empty before Open.
func (n *Network) HTTPSAddr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return addrOf(n.https)
}

// ConsoleAddr is host:port of the console's port; empty before Open.
func (n *Network) ConsoleAddr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return addrOf(n.console)
}

func addrOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

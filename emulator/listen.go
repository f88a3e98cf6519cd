package emulator

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
	"time"
)

// network is what Listen opens and Close ends.
type network struct {
	mu       sync.Mutex
	https    net.Listener
	console  net.Listener
	tunnels  *tunnels
	servers  []*http.Server
	running  sync.WaitGroup
	finished chan struct{}
}

// ErrListening says that Listen was called twice.
var ErrListening = errors.New("emulator: already listening")

// ListenError says which port cannot be opened.
type ListenError struct {
	Port string // HTTPS or console
	Addr string
	Err  error
}

func (e *ListenError) Error() string {
	return fmt.Sprintf("emulator: %s port at %s: %v", e.Port, e.Addr, e.Err)
}

func (e *ListenError) Unwrap() error { return e.Err }

// Listen opens the HTTPS port and the console's. It returns when both are open; Close ends them and ctx does too.
func (e *Emulator) Listen(ctx context.Context) error {
	n := &e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.finished != nil {
		return ErrListening
	}
	if err := e.authority(); err != nil {
		return err
	}
	var lc net.ListenConfig
	https, err := lc.Listen(ctx, "tcp", e.cfg.Listen)
	if err != nil {
		return &ListenError{"HTTPS", e.cfg.Listen, err}
	}
	console, err := lc.Listen(ctx, "tcp", e.cfg.Console)
	if err != nil {
		_ = https.Close()
		return &ListenError{"console", e.cfg.Console, err}
	}
	n.https, n.console, n.tunnels, n.finished = https, console, newTunnels(https.Addr()), make(chan struct{})
	config := &tls.Config{
		Certificates: []tls.Certificate{e.tls.leaf},
		// Devices with a SAS token have no certificate: ask for one, and let the answer decide.
		ClientAuth: tls.RequestClientCert,
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
	}
	devices := e.server(e.Handler())
	e.serveOn(devices, tls.NewListener(https, config))
	e.serveOn(devices, tls.NewListener(n.tunnels, config))
	e.serveOn(e.server(e.ConsoleHandler()), console)
	n.running.Go(func() {
		select {
		case <-ctx.Done():
			e.stop()
		case <-n.finished:
		}
	})
	return nil
}

func (e *Emulator) server(h http.Handler) *http.Server {
	p := &http.Protocols{}
	p.SetHTTP1(true) // as the real ones: no ALPN, HTTP/1.1
	return &http.Server{
		Handler: h, Protocols: p, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(quiet{e.cfg.ErrorLog}, "", log.LstdFlags),
		// Close waits for the connections too: their first state is set by Serve, which it waits for itself.
		ConnState: func(c net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				e.net.running.Add(1)
				if e.isClosed() { // accepted while http.Server.Close went over the connections that it knew
					_ = c.Close()
				}
			case http.StateClosed, http.StateHijacked:
				e.net.running.Done()
			case http.StateActive, http.StateIdle:
			}
		},
	}
}

// quiet passes on what is a bug. Handshakes that clients break off are none.
type quiet struct{ w io.Writer }

func (q quiet) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("TLS handshake error")) {
		return len(p), nil
	}
	return q.w.Write(p)
}

func (e *Emulator) serveOn(s *http.Server, l net.Listener) {
	if len(e.net.servers) == 0 || e.net.servers[len(e.net.servers)-1] != s {
		e.net.servers = append(e.net.servers, s)
	}
	e.net.running.Go(func() { _ = s.Serve(l) })
}

func (e *Emulator) isClosed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// stop ends the servers and every pause; it waits for nobody.
func (e *Emulator) stop() {
	e.mu.Lock()
	e.closed = true
	for h := range e.waits {
		h.cancel()
	}
	e.mu.Unlock()
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	for _, s := range e.net.servers {
		_ = s.Close()
	}
	e.net.servers = nil
}

// Close ends the listeners, their connections and all goroutines of the emulator. The record stays readable.
func (e *Emulator) Close() error {
	e.stop()
	n := &e.net
	n.mu.Lock()
	if n.finished != nil {
		select {
		case <-n.finished:
		default:
			close(n.finished)
		}
	}
	n.mu.Unlock()
	n.running.Wait()
	return nil
}

// Addr is host:port of the HTTPS listener; empty before Listen.
func (e *Emulator) Addr() string {
	return addrOf(&e.net, func(n *network) net.Listener { return n.https })
}

// ConsoleAddr is host:port of the console; empty before Listen.
func (e *Emulator) ConsoleAddr() string {
	return addrOf(&e.net, func(n *network) net.Listener { return n.console })
}

func addrOf(n *network, which func(*network) net.Listener) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := which(n); l != nil {
		return l.Addr().String()
	}
	return ""
}

package emulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"syscall"
	"time"

	"mayfly/emulator/internal/wire"
)

const (
	slowBodySteps       = 10 // in which a slow body is written
	tlsHandshakeTimeout = 10 * time.Second
	idleConnTimeout     = 30 * time.Second
	maxIdleConns        = 16
)

// Handler answers what the HTTPS port answers: the Host header tells DPS from hubs, and on a loopback address the path
// does.
func (e *Emulator) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rep, d := e.serve(r)
		if d.cut || d.err != nil {
			panic(http.ErrAbortHandler)
		}
		e.write(r.Context(), w, rep, d)
	})
}

func (e *Emulator) write(ctx context.Context, w http.ResponseWriter, rep wire.Reply, d delivery) {
	h := w.Header()
	for _, kv := range rep.Header {
		h[kv[0]] = append(h[kv[0]], kv[1]) // spelled as Azure spells them, not as net/http does
	}
	if rep.Status != http.StatusNoContent {
		h["Content-Length"] = []string{strconv.Itoa(len(rep.Body))}
	}
	h.Set("Date", e.Now().UTC().Format(http.TimeFormat))
	w.WriteHeader(rep.Status)
	body := rep.Body
	if d.truncate {
		body = body[:len(body)/2]
	}
	if d.slow > 0 {
		e.writeSlowly(ctx, w, body, d.slow)
	} else {
		_, _ = w.Write(body)
	}
	if d.truncate {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func (e *Emulator) writeSlowly(ctx context.Context, w http.ResponseWriter, body []byte, over time.Duration) {
	rc := http.NewResponseController(w)
	_ = rc.Flush()
	for i := range slowBodySteps {
		if e.pauses.wait(ctx, over/slowBodySteps) != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body[i*len(body)/slowBodySteps : (i+1)*len(body)/slowBodySteps])
		_ = rc.Flush()
	}
}

// RoundTripper calls the emulator without sockets and without goroutines, also inside a synctest bubble. Faults behave
// as over a socket: a cut is ECONNRESET, an unknown host name is a *net.DNSError, hanging ends with the request's
// context.
func (e *Emulator) RoundTripper() http.RoundTripper { return memory{e: e} }

// RoundTripperWith is RoundTripper with a client certificate, as if a TLS handshake had presented it.
func (e *Emulator) RoundTripperWith(cert tls.Certificate) (http.RoundTripper, error) {
	m := memory{e: e, tls: &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}}
	for _, der := range cert.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("emulator: client certificate: %w", err)
		}
		m.tls.PeerCertificates = append(m.tls.PeerCertificates, c)
	}
	return m, nil
}

type memory struct {
	e   *Emulator
	tls *tls.ConnectionState
}

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if req.Body != nil {
		defer req.Body.Close()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := m.e.lookup("tcp", req.URL.Host); err != nil {
		return nil, err
	}
	rep, d := m.e.serve(m.incoming(req))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.cut || d.err != nil {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return m.outgoing(req, rep, d), nil
}

// lookup fails as a name server does for a host name that no service has.
func (e *Emulator) lookup(network, addr string) error {
	host := wire.HostOnly(addr)
	if e.resolves(host) {
		return nil
	}
	return &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
}

// incoming is the request as a server would have read it.
func (m memory) incoming(req *http.Request) *http.Request {
	in := req.WithContext(req.Context())
	in.Header = make(http.Header, len(req.Header)+1)
	for k, v := range req.Header {
		in.Header[textproto.CanonicalMIMEHeaderKey(k)] = v
	}
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil || in.Body == http.NoBody {
		in.Body, in.ContentLength = http.NoBody, 0
	} else if in.ContentLength == 0 {
		in.ContentLength = -1 // to a client 0 means unknown
	}
	in.Body = io.NopCloser(in.Body) // RoundTrip closes it
	in.TLS, in.RemoteAddr, in.RequestURI = m.tls, "192.0.2.1:1234", req.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.TLS == nil {
		in.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	}
	return in
}

func (m memory) outgoing(req *http.Request, rep wire.Reply, d delivery) *http.Response {
	resp := &http.Response{
		Status: strconv.Itoa(rep.Status) + " " + http.StatusText(rep.Status), StatusCode: rep.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, len(rep.Header)+1), ContentLength: int64(len(rep.Body)), Request: req, TLS: m.tls,
	}
	for _, kv := range rep.Header {
		resp.Header.Add(kv[0], kv[1])
	}
	resp.Header.Set("Date", m.e.Now().UTC().Format(http.TimeFormat))
	if rep.Status != http.StatusNoContent {
		resp.Header.Set("Content-Length", strconv.Itoa(len(rep.Body)))
	}
	var body io.Reader = bytes.NewReader(rep.Body)
	if d.truncate {
		body = io.MultiReader(bytes.NewReader(rep.Body[:len(rep.Body)/2]), failing{io.ErrUnexpectedEOF})
	}
	if d.slow > 0 {
		step := max(1, (len(rep.Body)+slowBodySteps-1)/slowBodySteps)
		steps := max(1, (len(rep.Body)+step-1)/step)
		body = &slowReader{e: m.e, ctx: req.Context(), r: body, step: step, steps: steps,
			wait: d.slow / time.Duration(steps)}
	}
	resp.Body = io.NopCloser(body)
	return resp
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// slowReader waits before each step.
type slowReader struct {
	e           *Emulator
	ctx         context.Context // the request's: Read has no other way to get it
	r           io.Reader
	step, steps int // bytes in one step, and how many steps are left
	wait        time.Duration
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.steps > 0 {
		s.steps--
		if err := s.e.pauses.wait(s.ctx, s.wait); err != nil {
			return 0, err
		}
	}
	return s.r.Read(p[:min(len(p), s.step)])
}

// Transport connects to the HTTPS port whatever Azure host name the URL has, and trusts the emulator's CA. Names that
// no service has do not resolve. Call CloseIdleConnections when it is no longer needed.
func (e *Emulator) Transport() *http.Transport {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(e.CAPEM())
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if err := e.lookup(network, addr); err != nil {
				return nil, err
			}
			var d net.Dialer
			return d.DialContext(ctx, network, e.Addr())
		},
		TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: tlsHandshakeTimeout,
		MaxIdleConnsPerHost: maxIdleConns,
		IdleConnTimeout:     idleConnTimeout,
	}
}

// Client returns an *http.Client with Transport.
func (e *Emulator) Client() *http.Client { return &http.Client{Transport: e.Transport()} }

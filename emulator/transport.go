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
)

// Handler is the HTTPS face: the Host header tells DPS from hubs, and on a loopback address the path does.
func (e *Emulator) Handler() http.Handler { return http.HandlerFunc(e.serve) }

func (e *Emulator) serve(w http.ResponseWriter, r *http.Request) {
	rep, d := e.exchange(r)
	if d.cut || d.err != nil {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	for _, kv := range rep.header {
		h[kv[0]] = append(h[kv[0]], kv[1]) // as Azure writes them, not as net/http would
	}
	if rep.status != http.StatusNoContent {
		h["Content-Length"] = []string{strconv.Itoa(len(rep.body))}
	}
	w.WriteHeader(rep.status)
	body := rep.body
	if d.truncate {
		body = body[:len(body)/2]
	}
	if d.slow > 0 {
		e.dribble(r.Context(), w, body, d.slow)
	} else {
		_, _ = w.Write(body)
	}
	if d.truncate {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

const dribbles = 10

func (e *Emulator) dribble(ctx context.Context, w http.ResponseWriter, body []byte, over time.Duration) {
	rc := http.NewResponseController(w)
	_ = rc.Flush()
	for i := range dribbles {
		if e.pause(ctx, over/dribbles) != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body[i*len(body)/dribbles : (i+1)*len(body)/dribbles])
		_ = rc.Flush()
	}
}

// RoundTripper calls the emulator without sockets and without goroutines, also inside a synctest bubble. Faults behave
// as over a socket: a cut is ECONNRESET, a name that no service has is a *net.DNSError, hanging ends with the request's
// context.
func (e *Emulator) RoundTripper() http.RoundTripper { return memory{e: e} }

// RoundTripperWith is RoundTripper with a client certificate, as a TLS handshake would have shown it.
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
	if host := hostOnly(req.URL.Host); !m.e.validHost(host) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	rep, d := m.e.exchange(m.incoming(req))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.cut || d.err != nil {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return m.outgoing(req, rep, d), nil
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
		in.ContentLength = -1 // a client's way to say that it does not know
	}
	in.Body = onlyReader{in.Body}
	in.TLS, in.RemoteAddr, in.RequestURI = m.tls, "192.0.2.1:1234", req.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.TLS == nil {
		in.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	}
	return in
}

type onlyReader struct{ io.Reader }

func (onlyReader) Close() error { return nil }

func (m memory) outgoing(req *http.Request, rep reply, d delivery) *http.Response {
	resp := &http.Response{
		Status: strconv.Itoa(rep.status) + " " + http.StatusText(rep.status), StatusCode: rep.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, len(rep.header)+1), ContentLength: int64(len(rep.body)), Request: req, TLS: m.tls,
	}
	for _, kv := range rep.header {
		resp.Header.Add(kv[0], kv[1])
	}
	resp.Header.Set("Date", m.e.Now().UTC().Format(http.TimeFormat))
	if rep.status != http.StatusNoContent {
		resp.Header.Set("Content-Length", strconv.Itoa(len(rep.body)))
	}
	var body io.Reader = bytes.NewReader(rep.body)
	if d.truncate {
		body = io.MultiReader(bytes.NewReader(rep.body[:len(rep.body)/2]), failing{io.ErrUnexpectedEOF})
	}
	if d.slow > 0 {
		step := max(1, (len(rep.body)+dribbles-1)/dribbles)
		steps := max(1, (len(rep.body)+step-1)/step)
		body = &slowReader{e: m.e, ctx: req.Context(), r: body, step: step, steps: steps, wait: d.slow / time.Duration(steps)}
	}
	resp.Body = onlyReader{body}
	return resp
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// slowReader hands out a step at a time.
type slowReader struct {
	e           *Emulator
	ctx         context.Context // the request's: a Read has no other way to know it
	r           io.Reader
	step, steps int // bytes at a time, and how many times still
	wait        time.Duration
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.steps > 0 {
		s.steps--
		if err := s.e.pause(s.ctx, s.wait); err != nil {
			return 0, err
		}
	}
	return s.r.Read(p[:min(len(p), s.step)])
}

// Transport reaches the listener over TLS whatever Azure host name the URL has, and trusts its CA. Names that no service
// has do not resolve. Let its idle connections go (CloseIdleConnections) when it is done with.
func (e *Emulator) Transport() *http.Transport {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(e.CAPEM())
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host := hostOnly(addr); !e.validHost(host) {
				return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
			}
			var d net.Dialer
			return d.DialContext(ctx, network, e.Addr())
		},
		TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     30 * time.Second,
	}
}

// Client is an *http.Client with Transport.
func (e *Emulator) Client() *http.Client { return &http.Client{Transport: e.Transport()} }

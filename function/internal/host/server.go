package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"mayfly/function/internal/platform"
	"mayfly/function/internal/receipt"
	"mayfly/function/internal/requestlog"
)

const (
	readHeaderTimeout = 5 * time.Second
	// Front proxies keep their connections for up to a minute or two; were
	// ours shorter, they would now and then post into a closing socket.
	idleTimeout = 120 * time.Second
	// slowSender is what a device on a narrow link gets for its body, on top
	// of the time that the handler has. The read limit may not end while the
	// handler still works: net/http watches the socket for a hang-up then, and
	// would take the limit for one.
	slowSender = 60 * time.Second

	defaultRequestTimeout  = 30 * time.Second
	defaultShutdownTimeout = 30 * time.Second
)

// serveHTTP is the plain server and the Azure Functions custom handler: they
// differ in the address and in where the request's id comes from.
func serveHTTP(ctx context.Context, o Options, h http.Handler) error {
	ln, err := listen(ctx, o)
	if err != nil {
		return err
	}
	bodies := newArrivals(readTimeout(&o))
	srv := newServer(ctx, &o, &hostHandler{host: o.Host, next: h, log: o.Log, bodies: bodies})
	if o.Ready != nil {
		o.Ready(ln.Addr())
	}
	failed := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			failed <- srv.ServeTLS(listener{ln}, "", "")
			return
		}
		failed <- srv.Serve(listener{ln})
	}()

	select {
	case err := <-failed:
		return fmt.Errorf("host: serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	return stop(ctx, srv, bodies, o.ShutdownTimeout)
}

// readTimeout is the longest that a request may take to arrive.
func readTimeout(o *Options) time.Duration {
	if o.RequestTimeout <= 0 {
		return slowSender + defaultRequestTimeout
	}
	return slowSender + o.RequestTimeout
}

// newServer makes the server with its limits.
func newServer(ctx context.Context, o *Options, h http.Handler) *http.Server {
	read := readTimeout(o)
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       read,
		WriteTimeout:      slowSender + read,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    cmp.Or(o.MaxHead, MaxHead),
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		// The end of ctx stops the server; it must not cut off the requests
		// that the server then waits for.
		BaseContext: func(net.Listener) context.Context {
			return receipt.WithStop(context.WithoutCancel(ctx), ctx.Done())
		},
	}
	// HTTP/1.1 is all that is spoken, over TLS as well. A sender makes one request at a
	// time, and what HTTP/2 adds for it is more to bound: streams, their memory, resets,
	// header tables, frames without end.
	srv.Protocols = &http.Protocols{}
	srv.Protocols.SetHTTP1(true)
	conns := newConnections(cmp.Or(o.MaxConnections, maxConnections))
	srv.ConnContext, srv.ConnState = conns.context, conns.changed
	if o.TLS != nil && o.Host == platform.Server {
		srv.TLSConfig = o.TLS
	}
	return srv
}

// stop lets the requests in flight finish, and after the time limit closes
// their connections. Bodies that do not come are given a tenth of
// it: a sender of half a body must not delay the stop.
func stop(ctx context.Context, srv *http.Server, bodies *arrivals, limit time.Duration) error {
	if limit <= 0 {
		limit = defaultShutdownTimeout
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	defer time.AfterFunc(limit/10, bodies.cut).Stop()
	err := srv.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		_ = srv.Close()
		return fmt.Errorf("host: requests were still in flight %v after the stop: %w", limit, err)
	}
	if err != nil {
		return fmt.Errorf("host: stop: %w", err)
	}
	return nil
}

func listen(ctx context.Context, o Options) (net.Listener, error) {
	addr, variable := o.Addr, "PORT"
	if o.Host == platform.Functions {
		if _, err := strconv.ParseUint(o.FunctionsPort, 10, 16); err != nil {
			return nil, fmt.Errorf("host: %s=%q is not a port number", platform.EnvFunctions, o.FunctionsPort)
		}
		// Only the Functions host may speak to us: it has checked the caller.
		addr, variable = net.JoinHostPort("127.0.0.1", o.FunctionsPort), platform.EnvFunctions
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("host: address %s is in use by another process: set %s to a free port: %w",
			addr, variable, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("host: not allowed to listen on %s: set %s to a port from 1024 up: %w",
			addr, variable, err)
	case err != nil:
		return nil, fmt.Errorf("host: listen on %s (see HOST and %s): %w", addr, variable, err)
	}
	return ln, nil
}

// hostHandler gives a request from a socket what a request from Lambda has: an
// id in its context, no header that pretends to come from the platform, and an
// answer when the handler panics.
type hostHandler struct {
	host   platform.Kind
	next   http.Handler
	log    *slog.Logger
	bodies *arrivals
}

func (h *hostHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 1 { // net/http hands on the preface of HTTP/2
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusHTTPVersionNotSupported)
		return
	}
	conn := connectionOf(r.Context())
	conn.endHead()
	if fields(r.Header) > maxFields {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
		return
	}
	ctx := requestlog.WithID(r.Context(), requestIDOf(h.host, r.Header))
	dropForeignIdentity(h.host, r.Header)
	dropLoadBalancer(r.Header)
	watched := &watchedWriter{ResponseWriter: w, conn: conn, client: r.Context()}
	defer h.lastResort(ctx, watched)
	r = r.WithContext(ctx)
	if conn.closeAfter(r) {
		w.Header().Set("Connection", "close")
	}
	conn.set(connBusy)
	if r.ContentLength != 0 {
		conn.set(connBody)
		body := h.bodies.watch(w, r.Body, now())
		body.whole = func() { conn.set(connBusy) }
		defer func() { h.bodies.leave(body, now()) }()
		r.Body = body
	}
	h.next.ServeHTTP(watched, r)
}

// fields counts the header fields of a request.
func fields(header http.Header) int {
	n := 0
	for _, values := range header {
		n += len(values)
	}
	return n
}

// now is the clock that the deadlines of sockets live by.
func now() time.Time { return time.Now() } //nolint:forbidigo // see there

func (h *hostHandler) lastResort(ctx context.Context, w *watchedWriter) {
	value := recover()
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler { //nolint:errorlint // net/http compares the panic value like this, too
		panic(value)
	}
	requestlog.Panic(ctx, h.log, value)
	if w.started {
		// Half an answer is out. Only a broken connection tells the client
		// that the rest is missing.
		panic(http.ErrAbortHandler)
	}
	writeInternal(w.ResponseWriter)
}

// watchedWriter knows whether an answer has begun, and whether it has arrived.
type watchedWriter struct {
	http.ResponseWriter
	conn    *connection
	client  context.Context //nolint:containedctx // ends with the connection
	started bool
}

func (w *watchedWriter) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.started = true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.started = true
	return w.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController the writer with all its abilities.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

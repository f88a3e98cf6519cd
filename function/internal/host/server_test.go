package host_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"mayfly/function/internal/host"
	"mayfly/function/internal/platform"
	"mayfly/internal/hosttest"
)

// stoppable is a running server that the test itself stops.
type stoppable struct {
	addr  string
	stop  context.CancelFunc
	ended chan error
}

func startServer(t *testing.T, o host.Options, h http.Handler) *stoppable {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s := &stoppable{stop: cancel, ended: make(chan error, 1)}
	ready := make(chan net.Addr, 1)
	o.Log = slog.New(slog.DiscardHandler)
	o.Ready = func(a net.Addr) { ready <- a }
	go func() { s.ended <- host.Serve(ctx, o, h) }()
	select {
	case a := <-ready:
		s.addr = a.String()
	case err := <-s.ended:
		t.Fatal(err)
	}
	return s
}

// exchange writes raw bytes to the server and returns the first line and the
// rest of what comes back.
func exchange(t *testing.T, addr, raw string) (status, rest string, err error) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		return "", "", fmt.Errorf("dial: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, raw); err != nil {
		return "", "", fmt.Errorf("write: %w", err)
	}
	r := bufio.NewReader(conn)
	status, err = r.ReadString('\n')
	if err != nil {
		return status, "", fmt.Errorf("read: %w", err)
	}
	b, err := io.ReadAll(r)
	return strings.TrimSpace(status), string(b), err
}

// Ensure that the request in flight is answered after the stop, that its
// context is not cancelled by it, and that nobody new gets in.
func TestServeStopsGracefully(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	s := startServer(
		t,
		host.Options{Addr: "127.0.0.1:0"},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-release
			if r.Context().Err() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}),
	)
	answered := make(chan string, 1)
	go func() {
		status, _, err := exchange(t, s.addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if err != nil {
			status = err.Error()
		}
		answered <- status
	}()
	<-entered
	s.stop()
	for {
		// The socket closes some time after the stop; until then a connection
		// may still be made.
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.addr)
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(release)
	if got := <-answered; got != "HTTP/1.1 200 OK" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// Ensure that a request that does not end cannot hold up the stop for ever.
func TestServeGivesUpAfterShutdownTimeout(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	s := startServer(t, host.Options{Addr: "127.0.0.1:0", ShutdownTimeout: time.Millisecond},
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(entered)
			<-release
		}))
	closed := make(chan error, 1)
	go func() {
		_, _, err := exchange(t, s.addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		closed <- err
	}()
	<-entered
	s.stop()
	if err := <-s.ended; !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "in flight") {
		t.Errorf("Serve: %v", err)
	}
	if err := <-closed; err == nil {
		t.Error("the connection was not closed")
	}
}

func TestServeNamesWhatIsWrongWithTheAddress(t *testing.T) {
	t.Parallel()
	taken := startServer(t, host.Options{Addr: "127.0.0.1:0"}, http.NotFoundHandler()).addr
	_, port, err := net.SplitHostPort(taken)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		o    host.Options
		want []string
	}{
		{"in-use", host.Options{Addr: taken}, []string{taken, "in use", "PORT"}},
		{"in-use-functions", host.Options{Host: platform.Functions, FunctionsPort: port},
			[]string{taken, "in use", "FUNCTIONS_CUSTOMHANDLER_PORT"}},
		{"no-number", host.Options{Host: platform.Functions, FunctionsPort: "http"},
			[]string{"FUNCTIONS_CUSTOMHANDLER_PORT", `"http"`}},
		{"no-port", host.Options{Host: platform.Functions}, []string{"FUNCTIONS_CUSTOMHANDLER_PORT", `""`}},
		{"beyond", host.Options{Addr: "127.0.0.1:65536"}, []string{"127.0.0.1:65536", "PORT"}},
		{"no-address", host.Options{Addr: "8080"}, []string{"8080", "PORT"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := host.Serve(t.Context(), tt.o, http.NotFoundHandler())
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %s", err, want)
				}
			}
		})
	}
}

func TestServeBoundsTheHead(t *testing.T) {
	t.Parallel()
	addr := strings.TrimPrefix(serveProbe(t, http.HandlerFunc(hostProbe)), "http://")
	raw := "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Probe-Big: " + strings.Repeat("x", 40<<10) + "\r\n\r\n"
	if status, _, err := exchange(t, addr, raw); status != "HTTP/1.1 431 Request Header Fields Too Large" {
		t.Errorf("got %q, %v", status, err)
	}
}

// Ensure that half an answer is not passed off as a whole one.
func TestPanicInTheMiddleOfAnAnswer(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 64<<10))
		panic("probe: a bug")
	})
	resp, err := socketClient(t).Get(serveProbe(t, h))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the socket told a whole answer")
	}
	// On Lambda nothing is out yet, so the whole answer can be taken back.
	got := hostRequest{method: "GET", target: "/"}.send(t, lambdaClient(t, h), "http://mayfly.example")
	if got.Status != http.StatusInternalServerError || !strings.Contains(got.Body, `"code":"internal"`) {
		t.Errorf("Lambda: got %+v", got)
	}
}

// Ensure that a handler can still break the connection on purpose.
func TestAbortHandlerBreaksTheConnection(t *testing.T) {
	t.Parallel()
	addr := strings.TrimPrefix(serveProbe(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})), "http://")
	if status, _, err := exchange(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err == nil {
		t.Errorf("got %q", status)
	}
}

// Ensure that the process listens for the Functions host alone, and that
// SIGTERM ends it with status 0, although that host never sends one.
func TestFunctionsProcess(t *testing.T) {
	t.Parallel()
	host := hosttest.StartFunctionsHost(t, functionApp(t), hostProcess(t))
	if got := host.HandlerAddr(); !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("the handler listens on %s", got)
	}
	if err := host.Process().Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := host.Process().ExitCode(); code != 0 {
		t.Errorf("exit status %d\n%s", code, host.Process().Output())
	}
	// A handler that is gone is the host's 500, not an endless wait.
	if got := (hostRequest{method: "GET", target: "/x"}).send(t, socketClient(t),
		host.URL()); got.Status != http.StatusInternalServerError {
		t.Errorf("got %d", got.Status)
	}
}

// Ensure that a process that cannot serve says so by its exit status: after a
// status of 0 the Functions host does not start it again.
func TestFatalErrorEndsTheProcess(t *testing.T) {
	t.Parallel()
	cmd := hostProcess(t)
	cmd.Env = append(cmd.Env, "FUNCTIONS_CUSTOMHANDLER_PORT=none")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() == 0 {
		t.Errorf("got %v\n%s", err, out)
	}
}

// Half a body does not hold a stop up, and is no failure of it; what is being
// answered is answered.
func TestStopDoesNotWaitForHalfABody(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	began, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			return
		}
		close(began)
		<-release
		w.WriteHeader(http.StatusOK)
	})
	addr, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- host.Serve(ctx, host.Options{
			Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), ShutdownTimeout: 20 * time.Second,
			Ready: func(a net.Addr) { addr <- a.String() },
		}, handler)
	}()
	at := <-addr
	half, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = half.Close() }()
	_, _ = io.WriteString(half, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
	status := make(chan string, 1)
	go func() {
		line, _, _ := exchange(t, at, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
		status <- line
	}()
	<-began
	stopped := time.Now()
	stop()
	time.AfterFunc(100*time.Millisecond, func() { close(release) })
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(stopped); took > 15*time.Second { // a tenth of the limit, on a busy machine
		t.Errorf("it took %v", took)
	}
	if got := <-status; got != "HTTP/1.1 200 OK" {
		t.Errorf("the whole request was answered %q", got)
	}
}

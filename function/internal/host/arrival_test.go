package host_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/host"
	"mayfly/function/internal/receipt"
	"mayfly/internal/hosttest"
)

// Whether an answer has arrived is told by what its client does with the connection.
func TestArrival(t *testing.T) {
	t.Parallel()
	whole := func(t *testing.T, c *net.TCPConn) { readAnswer(t, c, true) }
	for name, tt := range map[string]struct {
		client func(*testing.T, *net.TCPConn)
		failed bool
	}{
		"it reads the answer and closes": {whole, false},
		"it reads the answer and half-closes": {func(t *testing.T, c *net.TCPConn) {
			readAnswer(t, c, false)
			_ = c.CloseWrite()
		}, false},
		"it closes in the middle": {func(t *testing.T, c *net.TCPConn) {
			_, _ = io.ReadFull(c, make([]byte, 10))
			_ = c.Close()
		}, true},
		"it closes without reading": {func(_ *testing.T, c *net.TCPConn) {
			_ = c.Close()
		}, true},
		"it resets the connection": {func(_ *testing.T, c *net.TCPConn) {
			_ = c.SetLinger(0)
			_ = c.Close()
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told, begin := make(chan error, 1), make(chan struct{})
			text := strings.Repeat("x", 1000)
			addr := strings.TrimPrefix(serveProbe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-begin
				receipt.Prepare(w)
				w.Header().Set("Content-Length", fmt.Sprint(len(text)))
				_, err := io.WriteString(w, text)
				receipt.After(w, err, func(err error) { told <- err })
			})), "http://")
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
			if name == "it closes without reading" {
				time.AfterFunc(50*time.Millisecond, func() { close(begin) })
			} else {
				close(begin)
			}
			tt.client(t, conn.(*net.TCPConn))
			select {
			case err := <-told:
				if (err != nil) != tt.failed {
					t.Errorf("told %v", err)
				}
			case <-time.After(30 * time.Second):
				t.Error("nobody was told")
			}
		})
	}
}

// readAnswer reads an answer to its end, and closes the connection where asked to.
func readAnswer(t *testing.T, c *net.TCPConn, andClose bool) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Error(err)
		return
	}
	if body, err := io.ReadAll(res.Body); err != nil || len(body) != 1000 || !res.Close {
		t.Errorf("%d bytes, %v, close: %v", len(body), err, res.Close)
	}
	if andClose {
		_ = c.Close()
	}
}

// Over TLS it is told in the same way, and as soon.
func TestArrivalOverTLS(t *testing.T) {
	t.Parallel()
	borrowed := httptest.NewTLSServer(http.NotFoundHandler())
	defer borrowed.Close()
	told := make(chan error, 1)
	text := strings.Repeat("x", 1000)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		receipt.Prepare(w)
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		_, err := io.WriteString(w, text)
		receipt.After(w, err, func(err error) { told <- err })
	})
	s := startServer(t, host.Options{Addr: "127.0.0.1:0", TLS: borrowed.TLS}, handler)
	for name, failed := range map[string]bool{"whole": false, "cut": true} {
		conn, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
		if failed {
			_, _ = io.ReadFull(conn.NetConn(), make([]byte, 10)) // of the answer's first record
		} else if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
			t.Fatal(err)
		} else if _, err := io.ReadAll(res.Body); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if err := <-told; (err != nil) != failed || time.Since(start) > 8*time.Second {
			t.Errorf("%s: told %v after %v", name, err, time.Since(start))
		}
	}
}

// On Lambda the arrival of an answer is told after it was posted, and before the loop asks for the next event.
func TestArrivalOnLambda(t *testing.T) {
	t.Parallel()
	answered, told := make(chan struct{}), make(chan string, 1)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-answered:
		case <-time.After(20 * time.Second):
			t.Error("told before the answer was posted")
		}
		text, _ := io.ReadAll(r.Body)
		time.Sleep(100 * time.Millisecond) // the next event would overtake it
		told <- string(text)
	}))
	t.Cleanup(listener.Close)
	api := hosttest.StartRuntimeAPI(t)
	process := api.Start(t, hostProcess(t))
	event := strings.Replace(fixture(t, "http-api"), `"/my/path"`, `"/answer/told"`, 1)
	_, query, _ := strings.Cut(event, `"rawQueryString": "`)
	query, _, _ = strings.Cut(query, `"`)
	event = strings.Replace(event, `"`+query+`"`, `"tell=`+url.QueryEscape(listener.URL)+`"`, 1)
	if _, isError, err := api.Invoke(t.Context(), []byte(event), time.Time{}); err != nil || isError {
		t.Fatalf("%v %v\n%s", isError, err, process.Output())
	}
	close(answered)
	if _, _, err := api.Invoke(t.Context(), []byte(fixture(t, "http-api")), time.Time{}); err != nil {
		t.Fatal(err)
	}
	select {
	case text := <-told:
		if text != "<nil>" {
			t.Error(text)
		}
	default:
		t.Error("the next event was answered before the arrival was told")
	}
}

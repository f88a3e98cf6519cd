package hosttest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// hostVersion is the version of the Functions host that is imitated.
const hostVersion = "4.1042.100.25374"

// FunctionsHost is an imitation of the Azure Functions host with one custom handler in proxying mode. Keys are not
// checked (as with func start), a handler that ends is not restarted, and only functions with an HTTP trigger and an
// HTTP output are served.
type FunctionsHost struct {
	server  *httptest.Server
	process *Process
	port    string
	proxy   *httputil.ReverseProxy
	routes  []route
}

type hostJSON struct {
	Version       string `json:"version"`
	CustomHandler struct {
		Description struct {
			DefaultExecutablePath string   `json:"defaultExecutablePath"`
			WorkingDirectory      string   `json:"workingDirectory"`
			Arguments             []string `json:"arguments"`
		} `json:"description"`
		EnableProxyingHTTPRequest bool `json:"enableProxyingHttpRequest"`
	} `json:"customHandler"`
	Extensions struct {
		HTTP struct {
			RoutePrefix *string `json:"routePrefix"`
		} `json:"http"`
	} `json:"extensions"`
}

// StartFunctionsHost serves the function app in dir until the test ends, as func start in that directory does. cmd is
// the handler; nil is the executable that host.json names. It waits until the handler answers its first GET /, and
// fails the test when it cannot serve the app.
func StartFunctionsHost(tb testing.TB, dir string, cmd *exec.Cmd) *FunctionsHost {
	tb.Helper()
	var config hostJSON
	readJSON(tb, filepath.Join(dir, "host.json"), &config)
	if config.Version != "2.0" {
		tb.Fatalf("host.json: version %q, want 2.0", config.Version)
	}
	if !config.CustomHandler.EnableProxyingHTTPRequest {
		tb.Fatal("host.json: customHandler.enableProxyingHttpRequest is off; only proxying is imitated")
	}
	prefix := "api"
	if p := config.Extensions.HTTP.RoutePrefix; p != nil {
		prefix = *p
	}
	port := freePort(tb)
	h := &FunctionsHost{port: port, routes: readRoutes(tb, dir, prefix)}
	h.proxy = newProxy(port)

	if cmd == nil {
		d := config.CustomHandler.Description
		exe := filepath.Join(dir, d.DefaultExecutablePath)
		if _, err := os.Stat(exe); err != nil {
			exe = d.DefaultExecutablePath // a command in PATH
		}
		cmd = exec.CommandContext(context.WithoutCancel(tb.Context()), exe, d.Arguments...)
		cmd.Dir = filepath.Join(dir, d.WorkingDirectory)
	}
	id := rand.Text()
	h.process = start(tb, cmd,
		"FUNCTIONS_CUSTOMHANDLER_PORT="+port, "FUNCTIONS_HTTPWORKER_PORT="+port,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id, "FUNCTIONS_HTTPWORKER_ID="+id,
		"FUNCTIONS_APP_ROOT_PATH="+dir, "FUNCTIONS_WORKER_RUNTIME=custom",
	)
	h.awaitHandler(tb)
	h.server = httptest.NewServer(h)
	tb.Cleanup(h.server.Close)
	return h
}

// URL is the address that clients use, without a slash at the end.
func (h *FunctionsHost) URL() string { return h.server.URL }

// HandlerAddr is where the handler itself listens.
func (h *FunctionsHost) HandlerAddr() string { return net.JoinHostPort("127.0.0.1", h.port) }

// Process is the handler's process.
func (h *FunctionsHost) Process() *Process { return h.process }

// ServeHTTP routes a request to its function and proxies it to the handler.
func (h *FunctionsHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, route := range h.routes {
		if route.matches(r.Method, r.URL.Path) {
			h.proxy.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

func newProxy(port string) *httputil.ReverseProxy {
	target := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port)}
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target) // drops the Host
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			p.SetXForwarded()
			id := rand.Text()
			p.Out.Header.Set("X-Azure-Functions-InvocationId", id)
			p.Out.Header.Set("X-Azure-Functions-HostVersion", hostVersion)
			p.Out.Header.Set("X-Ms-Invocation-Id", id)
		},
		Transport: &http.Transport{DisableCompression: true, ResponseHeaderTimeout: 240 * time.Second},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusInternalServerError)
		},
	}
}

// awaitHandler asks for / every 25 ms. Any answer means that the handler listens.
func (h *FunctionsHost) awaitHandler(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.HandlerAddr()+"/", nil)
		if err != nil {
			tb.Fatal(err)
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			return
		}
		select {
		case <-tick.C:
		case <-h.process.Exited():
			tb.Fatal(h.process.died())
		case <-ctx.Done():
			tb.Fatalf("the handler did not listen on port %s in time\n%s", h.port, h.process.Output())
		}
	}
}

// freePort returns a port that another program may still take before it is used, as the real host does.
func freePort(tb testing.TB) string {
	tb.Helper()
	ln, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

func readJSON(tb testing.TB, path string, v any) {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		tb.Fatal(fmt.Errorf("%s: %w", path, err))
	}
}

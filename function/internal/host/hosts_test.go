package host_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/host"
	"mayfly/function/internal/platform"
	"mayfly/internal/hosttest"
)

// envHostProcess turns the test binary into a program that serves the probe on the host that its environment describes.
const envHostProcess = "MAYFLY_TEST_HOST_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(envHostProcess) == "" {
		os.Exit(m.Run())
	}
	if err := serveHostProcess(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveHostProcess() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return host.Serve(ctx, host.Options{
		Host:          platform.Detect(os.Getenv),
		Addr:          "127.0.0.1:0",
		FunctionsPort: os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"),
		Log:           slog.New(slog.NewTextHandler(os.Stdout, nil)),
	}, http.HandlerFunc(hostProbe))
}

func hostProcess(t *testing.T) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = []string{envHostProcess + "=1"}
	return cmd
}

// functionApp writes the smallest app that hands everything to the handler.
func functionApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"host.json": `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"bootstrap"},` +
			`"enableProxyingHttpRequest":true},"extensions":{"http":{"routePrefix":""}}}`,
		"probe/function.json": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req",` +
			`"authLevel":"function","route":"{*path}"},{"type":"http","direction":"out","name":"res"}]}`,
		"backlog/function.json": `{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg",` +
			`"queueName":"q","connection":"C"}]}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// serveProbe runs h on a plain server until the test ends.
func serveProbe(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- host.Serve(ctx, host.Options{
			Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), ShutdownTimeout: 10 * time.Second,
			Ready: func(a net.Addr) { ready <- a },
		}, h)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	select {
	case a := <-ready:
		return "http://" + a.String()
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
		return ""
	}
}

func socketClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// hostTarget is one way to the same handler.
type hostTarget struct {
	name     string
	url      string
	client   *http.Client
	oneValue bool
}

func hostTargets(t *testing.T) []hostTarget {
	t.Helper()
	inProcess := hosttest.Direct(host.NewLambdaHandler(http.HandlerFunc(hostProbe), slog.New(slog.DiscardHandler)))
	api := hosttest.StartRuntimeAPI(t)
	lambda := api.Start(t, hostProcess(t))
	functions := hosttest.StartFunctionsHost(t, functionApp(t), hostProcess(t))
	t.Cleanup(func() {
		for name, p := range map[string]*hosttest.Process{"lambda": lambda, "functions": functions.Process()} {
			select {
			case <-p.Exited():
				t.Errorf("the %s process did not last:\n%s", name, p.Output())
			default:
			}
		}
		if n := api.Extensions(); n != 0 {
			t.Errorf("%d extensions registered on Lambda, want none", n)
		}
	})

	targets := []hostTarget{{name: "functions", url: functions.URL(), client: socketClient(t)}}
	for _, front := range hosttest.Fronts() {
		targets = append(targets,
			hostTarget{front.Name, "http://mayfly.example", front.Client(inProcess), front.OneValue},
			hostTarget{front.Name + "-process", "http://mayfly.example", front.Client(api.Invoker()), front.OneValue})
	}
	return targets
}

type hostRequest struct {
	name    string
	method  string
	target  string
	header  http.Header
	body    string
	repeats bool // has what a front that keeps one value cannot carry
}

func hostRequests() []hostRequest {
	typed := func(media string) http.Header { return http.Header{"Content-Type": {media}} }
	return []hostRequest{
		{name: "root", method: "GET", target: "/"},
		{name: "get", method: "GET", target: "/api/devices/d1"},
		{name: "head", method: "HEAD", target: "/api/telemetry"},
		{
			name:   "json",
			method: "POST",
			target: "/api/telemetry",
			header: typed("application/json"),
			body:   `{"t":9007199254740993,"s":"ü€😀\u0000"}`,
		},
		{name: "no-body", method: "POST", target: "/api/telemetry", header: typed("application/json")},
		{name: "no-content-type", method: "POST", target: "/api/telemetry", body: "a=1&b=2"},
		{
			name:   "form",
			method: "POST",
			target: "/api/x",
			header: typed("application/x-www-form-urlencoded"),
			body:   "a=1&b=%20",
		},
		{
			name:   "put",
			method: "PUT",
			target: "/api/x",
			header: typed("text/csv; charset=utf-8"),
			body:   "a,b\r\n1,2\r\n",
		},
		{name: "delete", method: "DELETE", target: "/api/x"},
		{
			name:   "binary",
			method: "POST",
			target: "/api/x",
			header: typed("application/cbor"),
			body:   "\xa1\x61\x74\x18\xff\x00",
		},
		{name: "latin-1", method: "POST", target: "/api/x", header: typed("application/json"), body: "{\"\xfc\":1}"},
		{
			name: "gzip", method: "POST", target: "/api/x", body: string(gzipped(`{"t":1}`)),
			header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}},
		},
		{
			name:   "large",
			method: "POST",
			target: "/api/x",
			header: typed("text/plain"),
			body:   strings.Repeat("ü\"\\\n", 100_000),
		},
		{name: "query", method: "GET", target: "/q?b=2&a=1&flag&empty="},
		{name: "query-encoded", method: "GET", target: "/q?a%5Bb%5D=x%20y%26z%3D1&plus=a+b%2Bc&u=%C3%BC&percent=%2525"},
		{name: "query-raw", method: "GET", target: "/q?time=2026-11-21T20:10:00Z&list=a,b;c"},
		{name: "query-measurements", method: "GET",
			target: "/api/devices/d-1/telemetry?temp=21.50&label=a+b%26c&modelId=dtmi:x:T;1"},
		{name: "query-repeated", method: "GET", target: "/q?k=2&k=1&k=2&j=0", repeats: true},
		{name: "path-encoded", method: "GET", target: "/devices/a%20b/%C3%BC/%E2%82%AC/c%3Fd%23e"},
		{name: "path-percent", method: "GET", target: "/devices/100%25"},
		{name: "path-slash", method: "GET", target: "/devices/a%2Fb/"},
		{name: "path-unclean", method: "GET", target: "/a//b/../c"},
		{name: "path-colon", method: "GET", target: "/v1.0:batch/~x/@y;z"},
		{name: "headers", method: "GET", target: "/h", header: http.Header{
			"x-probe-lower": {
				"1",
			}, "X-Probe-Text": {`a, b; c="d"`}, "X-Probe-Empty": {""}, "Authorization": {"Bearer x.y.z"},
		}},
		{
			name:    "headers-repeated",
			method:  "GET",
			target:  "/h",
			header:  http.Header{"X-Probe-A": {"1", "2", "1"}},
			repeats: true,
		},
		{name: "cookies", method: "GET", target: "/h", header: http.Header{"Cookie": {"a=1; b=x=y; c="}}},
		{name: "answer-nothing", method: "GET", target: "/answer/nothing"},
		{name: "answer-204", method: "POST", target: "/answer/204", body: "x"},
		{name: "answer-503", method: "POST", target: "/answer/503", body: "x"},
		{name: "answer-repeated", method: "GET", target: "/answer/repeated"},
		{name: "answer-cookie", method: "GET", target: "/answer/cookie"},
		{name: "answer-cookies", method: "GET", target: "/answer/cookies", repeats: true},
		{name: "answer-binary", method: "GET", target: "/answer/binary"},
		{name: "answer-gzip", method: "GET", target: "/answer/gzip"},
		{name: "answer-panic", method: "POST", target: "/answer/panic", body: "x"},
		{name: "after-panic", method: "POST", target: "/api/x", body: "y"},
	}
}

// hostAnswer is what a client sees and what must not depend on the host.
type hostAnswer struct {
	Status  int
	Headers map[string]string
	Cookies []string
	Body    string
}

func (q hostRequest) send(t *testing.T, client *http.Client, url string) hostAnswer {
	t.Helper()
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), q.method, url+q.target, body)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, q.header)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := hostAnswer{
		Status:  resp.StatusCode,
		Headers: map[string]string{},
		Cookies: resp.Header["Set-Cookie"],
		Body:    string(b),
	}
	for name, values := range resp.Header {
		if strings.HasPrefix(name, "X-Probe-") ||
			slices.Contains([]string{"Content-Type", "Content-Encoding", "Retry-After"}, name) {
			a.Headers[name] = strings.Join(values, ",")
		}
	}
	return a
}

// Ensure that the same request reaches the handler in the same form, and its
// answer the client, whatever the process runs on.
func TestSameAnswerOnAllHosts(t *testing.T) {
	t.Parallel()
	server, client := serveProbe(t, http.HandlerFunc(hostProbe)), socketClient(t)
	targets := hostTargets(t)
	for _, q := range hostRequests() {
		t.Run(q.name, func(t *testing.T) {
			want := q.send(t, client, server)
			for _, target := range targets {
				if q.repeats && target.oneValue {
					continue
				}
				if diff := cmp.Diff(want, q.send(t, target.client, target.url)); diff != "" {
					t.Errorf("%s differs from the plain server (-server +%s):\n%s", target.name, target.name, diff)
				}
			}
		})
	}
}

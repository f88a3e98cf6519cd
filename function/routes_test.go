package function_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"mayfly/function"
)

// What is served is served below BASE_PATH as well, and is served without it for probes
// and for proxies that take it off themselves.
func TestBasePath(t *testing.T) {
	t.Parallel()
	const notFound = "Not Found no-source"
	for _, tt := range []struct{ base, method, path, want string }{
		{"/iot", http.MethodPost, "/iot/api/telemetry", ok},
		{"iot/", http.MethodPost, "/iot/api/telemetry", ok},
		{"/iot/v1", http.MethodPost, "/iot/v1/api/telemetry", ok},
		{"/iot", http.MethodPost, "/iot//api/telemetry", ok},
		{"/iot", http.MethodPost, "/iot/api/telemetry/", ok},
		{"/iot", http.MethodPost, "/api/telemetry", ok},
		{"/iot", http.MethodPost, "/iot/api/devices/d%2D1/telemetry", ok},
		{"/iot", http.MethodGet, "/iot", ok},
		{"/iot", http.MethodGet, "/iot/healthz", ok},
		{"/iot", http.MethodGet, "/healthz", ok},
		{"/api", http.MethodPost, "/api/telemetry", ok},
		{"/api", http.MethodPost, "/api/api/telemetry", ok},
		{"/iot", http.MethodPost, "/other/api/telemetry", notFound},
		{"/iot", http.MethodPost, "/iotx/api/telemetry", notFound},
		{"", http.MethodPost, "/iot/api/telemetry", notFound},
	} {
		h := newBridge(t, "", "AUTH=none", "BASE_PATH="+tt.base)
		if got := h.send(tt.method, tt.path, native); got != tt.want {
			t.Errorf("BASE_PATH=%s: %s %s: %s, want %s", tt.base, tt.method, tt.path, got, tt.want)
		}
	}
	for _, wrong := range []string{"/a/../b", "/a b", "https://example.com/iot", "/iot?x=1"} {
		if _, err := function.LoadConfig([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=none",
			"BASE_PATH=" + wrong}); err == nil {
			t.Errorf("BASE_PATH=%s is taken", wrong)
		}
	}
}

// A sender that writes a wrong path is told the right one, and a hostile one nothing of
// its own text that could do harm.
func TestWrongPaths(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources: [{name: greenhouse, deviceId: .id, measurements: .m}]`, "AUTH=none")
	for _, tt := range []struct{ method, path, want, says string }{
		{http.MethodPost, "/api/devices//telemetry", "404 no-source", "the id of the device is missing"},
		{http.MethodPost, "/api/foo", "404 no-source", "messages go to /api/telemetry"},
		{http.MethodPost, "/telemetry", "404 no-source", "did you mean /api/telemetry?"},
		{http.MethodPost, "/api/telemetrie", "404 no-source", "did you mean /api/telemetry?"},
		{http.MethodPost, "/api/device/x/telemetry", "404 no-source",
			"did you mean /api/devices/{deviceId}/telemetry?"},
		{http.MethodPost, "/api/grenhouse", "404 no-source", "did you mean /api/greenhouse?"},
		{http.MethodPost, "/iot/api/tts", "404 no-source", "set BASE_PATH"},
		{http.MethodPost, "/", "405 method-not-allowed", "messages go to /api/telemetry"},
		{http.MethodGet, "/api/telemetry", "405 method-not-allowed", "use POST"},
		{http.MethodGet, "/favicon.ico", "404 no-source", `nothing is served at "/favicon.ico"`},
		{http.MethodPost, "/api/tts%E2%80%AE%1b%5B2J%3Cscript%3E", "404 no-source",
			`"tts?\u001b[2J\u003cscript\u003e"`},
	} {
		w := httptest.NewRecorder()
		h.service.ServeHTTP(w, request(t, tt.method, tt.path, "{}"))
		got, p := outcomeOf(t, w.Result())
		if got != tt.want || !strings.Contains(p.Detail, tt.says) {
			t.Errorf("%s %s: %s %s, want %s with %s", tt.method, tt.path, got, p.Detail, tt.want, tt.says)
		}
		if strings.ContainsAny(w.Body.String(), "\u202e\x1b<") {
			t.Errorf("%s %s: %q", tt.method, tt.path, w.Body)
		}
	}
	// The names of sources of the configuration are told to known callers only.
	w := httptest.NewRecorder()
	h.service.ServeHTTP(w, request(t, http.MethodPost, "/greenhouse", "{}"))
	if _, p := outcomeOf(t, w.Result()); strings.Contains(p.Detail, "/api/greenhouse") {
		t.Error(p.Detail)
	}
}

// A body without a length on a connection that is closed after it is not read, and the
// answer says why.
func TestBodyWithoutLength(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	server := httptest.NewServer(h.service)
	t.Cleanup(server.Close)
	const body = `{"device":{"deviceId":"d-1"},"measurements":{"n":1}}`
	const closing = "POST /api/telemetry HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	for _, tt := range []struct{ name, request, want string }{
		{"HTTP/1.0", "POST /api/telemetry HTTP/1.0\r\n\r\n" + body, "no Content-Length"},
		{"HTTP/1.1, close", closing + "\r\n" + body, "no Content-Length"},
		{"a source", "POST /api/tts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n{}", "no Content-Length"},
		{"a device", "POST /api/devices/d-1/telemetry HTTP/1.0\r\n\r\n" + `{"n":1}`, "no Content-Length"},
		{"empty", closing + "Content-Length: 0\r\n\r\n", "the body is empty"},
		{"with a length", closing + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body,
			`{"delivered":1}`},
		{"the query for a body", "POST /api/osmand?id=d-1&lat=1&lon=2&timestamp=1773482400 HTTP/1.0\r\n\r\n",
			"200 OK"},
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, tt.request)
		answer, err := io.ReadAll(conn)
		_ = conn.Close()
		if err != nil || !strings.Contains(string(answer), tt.want) {
			t.Errorf("%s: %s, %v", tt.name, answer, err)
		}
	}
}

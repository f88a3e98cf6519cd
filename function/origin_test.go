package function_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"mayfly/function"
	"mayfly/function/internal/platform"
)

// A page whose name was made to resolve to this machine is of the same origin to its
// browser. It gets in neither where nobody checks the callers. What does not come from
// a browser is asked for nothing.
func TestPagesOnLoopback(t *testing.T) {
	t.Parallel()
	const key = "X-Api-Key: k\r\n"
	for name, tt := range map[string]struct {
		env, host, headers string
		want               int
	}{
		"a program":                        {"AUTH=none", "bridge.example:8080", "", 200},
		"a page of this machine":           {"AUTH=none", "localhost:8080", "Sec-Fetch-Site: same-origin\r\n", 200},
		"likewise, an old browser":         {"AUTH=none", "[::1]:8080", "Origin: http://[::1]:8080\r\n", 200},
		"typed into the browser":           {"AUTH=none", "127.0.0.1:8080", "Sec-Fetch-Site: none\r\n", 200},
		"another port of this machine":     {"AUTH=none", "localhost:8080", "Sec-Fetch-Site: same-site\r\n", 403},
		"likewise, in an old browser":      {"AUTH=none", "localhost:8080", "Origin: http://localhost:9\r\n", 403},
		"another page":                     {"AUTH=none", "localhost:8080", "Sec-Fetch-Site: cross-site\r\n", 403},
		"a name made to resolve to this":   {"AUTH=none", "evil.example", "Sec-Fetch-Site: same-origin\r\n", 403},
		"likewise, an older browser":       {"AUTH=none", "evil.example", "Origin: http://evil.example\r\n", 403},
		"a name that begins like this":     {"AUTH=none", "localhost.evil.example", "Sec-Fetch-Site: none\r\n", 403},
		"another page, with a key":         {"AUTH=keys", "localhost", key + "Sec-Fetch-Site: cross-site\r\n", 403},
		"a page behind a proxy with a key": {"AUTH=keys", "b.example", key + "Sec-Fetch-Site: same-origin\r\n", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := ""
			if tt.env == "AUTH=keys" {
				file = `callers: [{name: gate, keys: ["{key k}"]}]`
			}
			h := newBridge(t, file, tt.env)
			addr := serve(t, function.ServeOptions{Host: platform.Server, Addr: "127.0.0.1:0"}, h.service)
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_, _ = fmt.Fprintf(conn, "POST /api/telemetry HTTP/1.1\r\nHost: %s\r\n%sContent-Type: text/plain\r\n"+
				"Content-Length: %d\r\n\r\n%s", tt.host, tt.headers, len(native), native)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode != tt.want || strings.Contains(fmt.Sprint(res.Header), "Access-Control") {
				t.Errorf("%s %v, want %d", res.Status, res.Header, tt.want)
			}
		})
	}
}

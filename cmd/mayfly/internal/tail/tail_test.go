package tail_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"mayfly/cmd/mayfly/internal/tail"
	"mayfly/cmd/mayfly/internal/tool"
)

const log = `{"time":"2026-03-14T10:00:00Z","level":"INFO","msg":"request","http.request.method":"POST",` +
	`"url.path":"/api/tts","http.response.status_code":200,"ms":12.5,"source":"tts","devices":1,` +
	`"delivered":1}` + "\n" +
	`{"time":"2026-03-14T10:00:01Z","level":"WARN","msg":"request","http.request.method":"POST",` +
	`"url.path":"/api/telemetry","http.response.status_code":422,"ms":1,"code":"invalid-message",` +
	`"device":"pump-1","errors":[{"path":"measurements","hint":"must be an object"}]}` + "\n" +
	`level=WARN msg="a table is broken" name=assets` + "\n" +
	`panic: something` + "\n"

func read(t *testing.T, c *tail.Command, in string) string {
	t.Helper()
	var out bytes.Buffer
	c.Log = true
	if err := c.Run(t.Context(), &tool.World{Stdin: strings.NewReader(in), Stdout: &out, Stderr: &out}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLog(t *testing.T) {
	t.Parallel()
	out := read(t, &tail.Command{}, log)
	for _, want := range []string{
		"200  POST /api/tts  delivered 1  12.5 ms", "422  POST /api/telemetry  pump-1  invalid-message  " +
			"measurements must be an object",
		"WARN  a table is broken  name=assets", "panic: something",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Errorf("colors in what is not a terminal:\n%q", out)
	}
	for words, want := range map[string]int{
		"status:4xx": 1, "status:200": 1, "-status:2xx": 3, "device:pump-*": 1, "source:tts": 1, "is:refused": 1,
		"code:invalid-*": 1, "tables": 0, "table": 1, "status:4xx source:tts": 0, "path:/api/*": 2, "level:warn": 2,
		"is:delivered": 1,
	} {
		got := read(t, &tail.Command{Words: strings.Fields(words)}, log)
		if n := strings.Count(got, "\n"); n != want {
			t.Errorf("%s: %d lines, want %d:\n%s", words, n, want, got)
		}
	}
	if got := read(t, &tail.Command{JSON: true, Words: []string{"source:tts"}}, log); !strings.HasPrefix(got,
		`{"delivered":1,`) {
		t.Errorf("not JSON: %s", got)
	}
}

// TestForeignText: nothing that somebody sends moves the cursor.
func TestForeignText(t *testing.T) {
	t.Parallel()
	out := read(t, &tail.Command{},
		`{"msg":"request","url.path":"/\u001b[2J","code":"\u001b[1m","detail":"\r\u001b"}`+"\n\x1b[2J\n")
	if strings.ContainsAny(out, "\x1b\r") {
		t.Errorf("%q moves the cursor", out)
	}
}

// TestConsole: what was there is shown first, then what comes; the search is the console's.
func TestConsole(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.RequestURI())
		mu.Unlock()
		after := r.URL.Query().Get("after")
		switch {
		case after == "9":
			<-r.Context().Done()
		case after == "8":
			_, _ = io.WriteString(w, `[{"id":9,"time":"2026-03-14T10:00:00Z","method":"POST","path":"/api/x",`+
				`"status":404,"devices":[],"code":"no-source"}]`)
		case r.URL.Path == "/requests":
			_, _ = io.WriteString(w, `[{"id":8,"time":"2026-03-14T10:00:00Z","method":"POST","path":"/api/tts",`+
				`"status":200,"devices":["d-1","d-2"],"delivered":2}]`)
		default:
			_, _ = io.WriteString(w, `[{"seq":9,"device":"d-1","hub":"hub-1","body":{"t":1},`+
				`"enqueuedTime":"2026-03-14T10:00:00Z"}]`)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(stop)
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		c := tail.Command{Console: server.URL, Only: "all", Last: 10, Words: []string{"-status:500"}}
		done <- c.Run(ctx, &tool.World{Stdin: strings.NewReader(""), Stdout: out, Stderr: out})
	}()
	var text strings.Builder
	buffer := make([]byte, 4096)
	for strings.Count(text.String(), "\n") < 3 {
		n, err := in.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(buffer[:n])
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, want := range []string{"200  POST /api/tts  d-1, d-2  delivered 2", "404  POST /api/x  no-source",
		`-> hub-1  d-1  {"t":1}`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if all := fmt.Sprint(asked); !strings.Contains(all, "/requests?count=10&q=-status%3A500") {
		t.Errorf("asked %s", all)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]tail.Command{
		"mayfly dev":   {Console: "http://127.0.0.1:1"},
		"is not a URL": {Console: "nonsense"},
		"is not known": {Words: []string{"is:odd"}},
	} {
		var out bytes.Buffer
		err := c.Run(t.Context(), &tool.World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

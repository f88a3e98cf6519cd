package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/function"
	"mayfly/internal/codecworker"
	"mayfly/transform/codec"
)

// envProcess turns the test binary into another program: "mayfly" itself, or a "device".
const envProcess = "MAYFLY_TEST_PROCESS"

func TestMain(m *testing.M) {
	codecworker.Main()
	switch os.Getenv(envProcess) {
	case "mayfly":
		main()
	case "device":
		os.Exit(goDevice())
	}
	os.Exit(m.Run())
}

// run is main without the process, and with codecs in this one.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	w := &world{environ: environ, stdout: stdout, stderr: stderr, codecs: codec.InProcess{}}
	return w.run(ctx, args)
}

// command runs a command line and returns what it has printed when it ends.
func command(t *testing.T, environ []string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, environ, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// file writes a file into a temporary folder.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// contains reports the parts that a text lacks.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// output is what a running command prints. It may be read while the command writes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the output matches a pattern and returns the match.
func (o *output) await(t *testing.T, pattern string) []string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	for t.Context().Err() == nil {
		if match := expression.FindStringSubmatch(o.String()); match != nil {
			return match
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no match of %s in:\n%s", pattern, o.String())
	return nil
}

// running runs a command until the test ends, and checks that it ends well.
func running(t *testing.T, environ []string, args ...string) *output {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr output
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, args, environ, &stdout, &stderr)
		if code != exitOK && ctx.Err() == nil {
			_, _ = stdout.Write([]byte("ended: " + stderr.String()))
		}
		ended <- code
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitOK {
			t.Errorf("mayfly %s: exit code %d: %s", strings.Join(args, " "), code, stderr.String())
		}
	})
	return &stdout
}

// bridgeTo runs a bridge in front of an emulator and returns its URL.
func bridgeTo(t *testing.T, azure *emulator.Emulator) string {
	t.Helper()
	environ := []string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none"}
	config, err := function.LoadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	transport := azure.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	server := httptest.NewServer(function.New(config, function.Dependencies{
		DPS: transport, Hub: transport, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	return server.URL
}

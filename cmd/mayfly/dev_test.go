package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is what a command has printed so far, for somebody who waits for it.
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

// await waits until the output matches, and gives the match.
func (o *output) await(t *testing.T, pattern string) []string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	for range 1000 {
		if match := expression.FindStringSubmatch(o.String()); match != nil {
			return match
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nothing like %s in:\n%s", pattern, o.String())
	return nil
}

// What dev prints works when it is pasted, and what arrives is shown in a line.
func TestDev(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr output
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"dev", "--port", "0", "--emulator-port", "0", "--console-port", "0", "--retry-after", "1s"}, []string{"ID_SCOPE=nonsense!", "AUTH=keys"}, &stdout, &stderr)
	}()
	curl := stdout.await(t, `curl -i (http://\S+) -H 'Content-Type: (\S+)' -d '([^']+)'`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, curl[1], strings.NewReader(curl[3]))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", curl[2])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || string(body) != "{\"delivered\":1}\n" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	stdout.await(t, `\d\d:\d\d:\d\d  my-first-device  \{"temperature":21\.5\}  .*-> hub-1\.azure-devices\.net in `)
	console := stdout.await(t, `console   (http://\S+)`)
	res, err = http.Get(console[1] + "/events")
	if err != nil {
		t.Fatal(err)
	}
	body, _ = io.ReadAll(res.Body)
	_ = res.Body.Close()
	if !strings.Contains(string(body), `"device":"my-first-device"`) {
		t.Errorf("events: %s", body)
	}
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d: %s", code, stderr.String())
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not stop")
	}
}

func TestDevNamesTheFlagOfAPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for _, flag := range []string{"--port", "--emulator-port", "--console-port"} {
		args := []string{"dev", "--port", "0", "--emulator-port", "0", "--console-port", "0", flag, port}
		code, _, errs := command(t, nil, args...)
		if code != 1 || !strings.Contains(errs, port) || !strings.Contains(errs, flag) {
			t.Errorf("%s: %d %s", flag, code, errs)
		}
	}
}

// Two of dev's own ports that are one are told by their flags.
func TestDevWantsPortsOfItsOwn(t *testing.T) {
	t.Parallel()
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"dev", "--port", "7443"}, nil, &out, &errs); code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"7443", "--port", "--emulator-port"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%q does not say %s", errs.String(), want)
		}
	}
}

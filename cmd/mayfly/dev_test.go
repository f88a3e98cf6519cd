package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// What dev prints works when it is pasted, and what arrives is printed in one line.
func TestDev(t *testing.T) {
	t.Parallel()
	stdout := running(t, []string{"ID_SCOPE=nonsense!", "AUTH=keys"}, "dev", "--port", "0", "--emulator-port", "0",
		"--console-port", "0", "--retry-after", "1s")
	curl := stdout.await(t, `curl -i (http://\S+) -H 'Content-Type: (\S+)' -d '([^']+)'`)
	status, body := request(t, http.MethodPost, curl[1], curl[2], curl[3])
	if status != http.StatusOK || body != "{\"delivered\":1}\n" {
		t.Errorf("%d %s", status, body)
	}
	stdout.await(t, `\d\d:\d\d:\d\d  my-first-device  \{"temperature":21\.5\}  .*-> hub-1\.azure-devices\.net in `)
	console := stdout.await(t, `console   (http://\S+)`)
	_, body = request(t, http.MethodGet, console[1]+"/events", "", "")
	contains(t, body, `"device":"my-first-device"`)
}

func request(t *testing.T, method, url, contentType, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestDevNamesTheFlagOfAPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for _, flag := range []string{"--port", "--emulator-port", "--console-port"} {
		args := []string{"dev", "--port", "0", "--emulator-port", "0", "--console-port", "0", flag, port}
		code, _, errs := command(t, nil, args...)
		if code != exitFailed || !strings.Contains(errs, port) || !strings.Contains(errs, flag) {
			t.Errorf("%s: %d %s", flag, code, errs)
		}
	}
}

func TestDevNamesTheFlagsOfAPortThatIsUsedTwice(t *testing.T) {
	t.Parallel()
	code, _, errs := command(t, nil, "dev", "--port", "7443")
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, errs, "7443", "--port", "--emulator-port")
}

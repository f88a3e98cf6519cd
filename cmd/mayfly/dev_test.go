package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
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

// Every request has its line, with the reason where nothing was delivered; no foreign text moves the cursor.
func TestDevPrintsEveryRequest(t *testing.T) {
	t.Parallel()
	stdout := running(t, nil, "dev", "--port", "0", "--emulator-port", "0", "--console-port", "0")
	url := stdout.await(t, `bridge    (http://\S+)`)[1]
	const at = `\d\d:\d\d:\d\d  `
	for _, tt := range []struct{ path, body, want string }{
		{"/api/telemetry", `{"device":{"deviceId":"d-1"},"measurements":{"n":1},"messageId":"m-1"}`, `delivered 1`},
		{"/api/telemetry", `{"device":{"deviceId":"d-1"},"measurements":{"n":1},"messageId":"m-1"}`,
			`delivered 1 \(1 stored before\)`},
		{"/api/tts", `{"end_device_ids":{"device_id":"d-1"},"join_accept":{"session_key_id":"x"}}`,
			`ignored 1 \(\S+.*\)`},
		{"/api/telemetry", `{"device":{"deviceId":"d-1"},"measurements":5}`,
			`refused 422 invalid-message: d-1: measurements must be a JSON object of measurements`},
		{"/api/telemetry", `[{"measurements":{}},{"device":{"deviceId":"a b"},"measurements":1}]`,
			`refused 422 invalid-message: \[0\]\.device\.deviceId is missing.* \(and 2 more\)`},
		{"/api/telemetry", `{`, `refused 400 malformed-body: `},
		{"/api/telemetry", `[{"measurements":{}},{"device":{"deviceId":"d-1"},"measurements":{"n":2}}]`,
			`delivered 1, refused 422 invalid-message: \[0\]\.device\.deviceId is missing`},
		{"/api/no-such%1b%5B2Jcloud", `{}`, `refused 404 no-source: `},
	} {
		_, _ = request(t, http.MethodPost, url+tt.path, "application/json", tt.body)
		line := stdout.await(t, at+`POST /api/\S+( \[2Jcloud)?  (`+tt.want+`.*)\n`)
		if strings.ContainsAny(line[0], "\x1b\r") {
			t.Errorf("%q moves the cursor", line[0])
		}
	}
}

// Each step of a command has its line, and so has the request that it went with.
func TestDevPrintsCommands(t *testing.T) {
	t.Parallel()
	stdout := running(t, nil, "dev", "--port", "0", "--emulator-port", "0", "--console-port", "0")
	bridge := stdout.await(t, `bridge    (http://\S+)`)[1]
	console := stdout.await(t, `console   (http://\S+)`)[1]
	const device = "/api/devices/d-1/telemetry"
	_, _ = request(t, http.MethodPost, bridge+device, "application/json", `{"n":1}`)
	_, _ = request(t, http.MethodPost, console+"/devices/d-1/c2d", "application/json",
		`{"messageId":"c-1","command":"reboot","text":"@"}`)
	_, body := request(t, http.MethodGet, console+"/devices/d-1/messages", "", "")
	contains(t, body, `"state":"queued"`)
	_, body = request(t, http.MethodPost, bridge+device+"?wait=10", "application/json", `{"n":2}`)
	contains(t, body, `"id":"c-1"`)
	const step = `\d\d:\d\d:\d\d  d-1  <- command reboot 1 \(c-1\)  `
	stdout.await(t, step+`queued\n`)
	stdout.await(t, step+`locked\n`)
	stdout.await(t, `POST `+device+`  delivered 1, commands 1\n`)
	stdout.await(t, step+`completed\n`)
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

// A changed mayfly.yaml is in use without a restart and a lost request; one with a fault is told with its place.
func TestDevTakesChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source := "sources:\n  - {name: mine, deviceId: .id, measurements: \"{a: .a}\"}\n"
	write(source)
	stdout := running(t, []string{"CONFIG=" + path}, "dev", "--port", "0", "--emulator-port", "0",
		"--console-port", "0", "--retry-after", "1s")
	url := stdout.await(t, `bridge    (http://\S+)`)[1]
	console := stdout.await(t, `console   (http://\S+)`)[1]
	send := func() (int, string) {
		return request(t, http.MethodPost, url+"/api/mine", "application/json", `{"id":"d-1","a":1}`)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() { // all the time
		for {
			if status, body := send(); status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	write(strings.Replace(source, "{a: .a}", "{b: .a}", 1))
	stdout.await(t, `mayfly.yaml has changed; the configuration was read again and is in use`)
	stdout.await(t, `d-1  \{"b":1\}`)
	write("sources:\n  - {name: mine, deviceId: .id, measurements: '{'}\n")
	stdout.await(t, `mayfly.yaml has changed, and the configuration cannot be used; .* stays:\n\s+\S+mayfly.yaml:2:`)
	_, body := request(t, http.MethodGet, console+"/console/configuration", "", "")
	contains(t, body, `"line":2`)
	close(stop)
	wg.Wait()
	if status, body := send(); status != http.StatusOK {
		t.Errorf("after the fault: %d %s", status, body)
	}
}

// A request that is looked at while the file has a fault is shown by the configuration that serves.
func TestDevShowsByWhatServes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sources:\n  - {name: mine, deviceId: .id, measurements: \"{a: .a}\", secretQuery: [hook]}\n")
	stdout := running(t, []string{"CONFIG=" + path}, "dev", "--port", "0", "--emulator-port", "0",
		"--console-port", "0", "--retry-after", "1s")
	bridge := stdout.await(t, `bridge    (http://\S+)`)[1]
	console := stdout.await(t, `console   (http://\S+)`)[1]
	status, answer := request(t, http.MethodPost, bridge+"/api/mine?hook=hush", "application/json",
		`{"id":"d-1","a":1}`)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	write("sources: {\n")
	stdout.await(t, `mayfly.yaml has changed, and the configuration cannot be used`)
	_, body := request(t, http.MethodGet, console+"/requests/1", "", "")
	contains(t, body, `"query":"hook=[hidden-1]"`, `"body":"{\"a\":1}"`)
}

// TestDevKeepsRequests: the console has what came in, checks who changes anything, and keeps nothing with --no-record.
func TestDevKeepsRequests(t *testing.T) {
	t.Parallel()
	start := func(flags ...string) (bridge, console string) {
		args := []string{"dev", "--port", "0", "--emulator-port", "0", "--console-port", "0"}
		stdout := running(t, nil, append(args, flags...)...)
		return stdout.await(t, `bridge    (http://\S+)`)[1], stdout.await(t, `console   (http://\S+)`)[1]
	}
	bridge, console := start()
	const secret = "/api/telemetry?token=hush-hush"
	_, _ = request(t, http.MethodPost, bridge+secret, "application/json", `{"measurements":1}`)
	_, body := request(t, http.MethodGet, console+"/requests?q=code:invalid-*", "", "")
	contains(t, body, `"id":1`, `"why":"device.deviceId is missing`)
	_, body = request(t, http.MethodGet, console+"/requests/1", "", "")
	contains(t, body, `"query":"token=[hidden-1]"`, `"advice":"correct the fields`)
	if status, body := request(t, http.MethodPost, console+"/requests/1/again", "", ""); status != http.StatusOK {
		t.Errorf("again: %d %s", status, body)
	}
	for _, tt := range []struct{ method, path, header, value string }{
		{http.MethodDelete, "/requests", "Origin", "http://elsewhere.example"},
		{http.MethodPost, "/requests", "Sec-Fetch-Site", "cross-site"},
		{http.MethodPost, "/requests/1/again", "Origin", "http://elsewhere.example"},
		{http.MethodPost, "/requests/1/sample", "Origin", "http://elsewhere.example"},
		{http.MethodGet, "/requests", "Host", "elsewhere.example"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, console+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if req.Header.Set(tt.header, tt.value); tt.header == "Host" {
			req.Host = tt.value
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s with %s %s: %d", tt.method, tt.path, tt.header, tt.value, res.StatusCode)
		}
	}
	_, console = start("--no-record")
	if status, _ := request(t, http.MethodGet, console+"/requests", "", ""); status != http.StatusNotFound {
		t.Errorf("--no-record: %d", status)
	}
}

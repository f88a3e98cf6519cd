package main_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
	"mayfly/internal/hosttest"
)

// way is one way to reach the binary: a host, and what is in front of it.
type way struct {
	name   string
	azure  *emulator.Emulator
	client *http.Client
	url    string
}

// environment points the unmodified binary at an emulator: by production names, through the proxy on its console port,
// with its CA.
func environment(t *testing.T, azure *emulator.Emulator, more ...string) []string {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, azure.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return append([]string{
		"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", "HOST=127.0.0.1",
		"SSL_CERT_FILE=" + ca, "HTTPS_PROXY=http://" + azure.ConsoleAddr(),
	}, more...)
}

// ways starts the binary on every host, each with an emulator of its own.
func ways(t *testing.T, variables ...string) []way {
	t.Helper()
	var all []way
	command := func(azure *emulator.Emulator, more ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), bootstrap(t))
		cmd.Env = environment(t, azure, append(more, variables...)...)
		return cmd
	}
	newAzure := func() *emulator.Emulator {
		azure := emulator.Start(t, emulator.Config{AssignAtOnce: true, Seed: 1})
		azure.Provision("known", emulator.DefaultHub)
		azure.Disable("refused")
		return azure
	}

	azure := newAzure()
	url := startServer(t, command(azure, "PORT=0", "BASE_PATH=/iot"))
	all = append(all, way{"server", azure, http.DefaultClient, url})

	azure = newAzure()
	host := hosttest.StartFunctionsHost(t, "../..", command(azure, "AUTH=", "BASE_PATH=/iot"))
	all = append(all, way{"functions", azure, http.DefaultClient, host.URL()})

	for _, front := range hosttest.Fronts() {
		azure := newAzure()
		api := hosttest.StartRuntimeAPI(t)
		api.Start(t, command(azure, "BASE_PATH=/iot"))
		all = append(all, way{"lambda, " + front.Name, azure, front.Client(api.Invoker()), "https://front.example"})
	}
	return all
}

var listening = regexp.MustCompile(`"msg":"listening".*"address":"([^"]+)"`)

// startServer starts the plain server and waits until it listens.
func startServer(t *testing.T, cmd *exec.Cmd) (url string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	head := make([]byte, 4096)
	n, err := out.Read(head)
	for err == nil && !bytes.Contains(head[:n], []byte(`"listening"`)) {
		var more int
		more, err = out.Read(head[n:])
		n += more
	}
	match := listening.FindSubmatch(head[:n])
	if err != nil || match == nil {
		t.Fatalf("the server does not log its address: %q, %v", head[:n], err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
	return "http://" + string(match[1])
}

type wireRequest struct {
	name, method, path, body string
	header                   map[string]string
	gzip                     bool
}

// The same request gives the same answer and the same event on every host.
func TestSameOnEveryHost(t *testing.T) {
	t.Parallel()
	requests := []wireRequest{
		{name: "new device", method: "POST", path: "/api/telemetry",
			body: `{"device":{"deviceId":"new-1","modelId":"dtmi:x:Y;1"},` +
				`"measurements":{"t":0.1000,"e":1e400},"timestamp":1591647414602}`},
		{name: "known device", method: "POST",
			path: "/api/devices/known/telemetry?timestamp=2026-01-02T03%3A04%3A05%2B01%3A00",
			body: `{"t":9007199254740993}`},
		{name: "gzip", method: "POST", path: "/api/devices/known/telemetry?messageId=m-1", body: `{"z":1}`, gzip: true,
			header: map[string]string{"Content-Encoding": "gzip"}},
		{name: "batch", method: "POST", path: "/api/telemetry",
			body: `{"device":{"deviceId":"known"},"measurements":{"n":1},"messageId":"b-1"}` + "\n" +
				`{"device":{"deviceId":"known"},"measurements":{"n":2},"messageId":"b-2"}` + "\n",
			header: map[string]string{"Content-Type": "application/x-ndjson"}},
		{name: "uplink of The Things Stack", method: "POST", path: "/api/tts",
			body: `{"end_device_ids":{"device_id":"known"},"correlation_ids":["as:up:1"],` +
				`"received_at":"2026-03-14T10:00:00.5Z","uplink_message":` +
				`{"f_port":15,"frm_payload":"3q2+7w==","received_at":"2026-03-14T10:00:00.25Z"}}`},
		{name: "join of The Things Stack", method: "POST", path: "/api/tts",
			body: `{"end_device_ids":{"device_id":"known"},"join_accept":{}}`},
		{name: "letters of several scripts", method: "POST", path: "/api/devices/known/telemetry?messageId=m-2",
			body: `{"place":"Zürich 北京 \ud83d\ude00"}`},
		{name: "refused device", method: "POST", path: "/api/devices/refused/telemetry", body: `{"n":1}`},
		{name: "bad field", method: "POST", path: "/api/telemetry",
			body: `{"device":{"deviceId":"a b"},"measurements":5}`},
		{name: "truncated", method: "POST", path: "/api/telemetry", body: `{"device":`},
		{name: "empty", method: "POST", path: "/api/telemetry"},
		{name: "wrong method", method: "GET", path: "/api/telemetry"},
		{name: "no such source", method: "POST", path: "/api/nobody", body: `{}`},
		{name: "not text", method: "POST", path: "/api/telemetry",
			body: "{\"device\":{\"deviceId\":\"known\"},\"measurements\":{\"x\":\"\xff\xfe\"}}"},
		{name: "health", method: "GET", path: "/"},
		{name: "base path", method: "POST", path: "/iot/api/devices/known/telemetry?messageId=m-3", body: `{"n":3}`},
		{name: "health below the base path", method: "GET", path: "/iot"},
		{name: "wrong path", method: "POST", path: "/api/device/known/telemetry", body: `{"n":1}`},
		{name: "no id", method: "POST", path: "/api/devices//telemetry", body: `{"n":1}`},
		{name: "old function URL", method: "GET", path: "/api/wunderground?ID=known&PASSWORD=p&" +
			"dateutc=2026-03-14+10%3A00%3A00&tempf=70&code=KEY&clientId=default"},
	}
	all := ways(t)
	for _, request := range requests {
		t.Run(request.name, func(t *testing.T) {
			var first, firstWay string
			for _, w := range all {
				got := w.send(t, request)
				if first == "" {
					first, firstWay = got, w.name
				} else if diff := cmp.Diff(first, got); diff != "" {
					t.Errorf("the answer of %s differs from that of %s (-%s +%s):\n%s", w.name, firstWay,
						firstWay, w.name, diff)
				}
			}
			if testing.Verbose() {
				t.Log(first)
			}
		})
	}
	events := all[0].events()
	if strings.Count(events, "\n") != 9 {
		t.Errorf("%d events, want 9:\n%s", strings.Count(events, "\n"), events)
	}
	for _, w := range all[1:] {
		if diff := cmp.Diff(events, w.events()); diff != "" {
			t.Errorf("the events of %s differ from those of the server:\n%s", w.name, diff)
		}
	}
}

// send returns the answer in a form that can be compared.
func (w *way) send(t *testing.T, request wireRequest) string {
	t.Helper()
	body := []byte(request.body)
	if request.gzip {
		var z bytes.Buffer
		writer := gzip.NewWriter(&z)
		_, _ = writer.Write(body)
		_ = writer.Close()
		body = z.Bytes()
	}
	r, err := http.NewRequestWithContext(t.Context(), request.method, w.url+request.path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if request.method == "POST" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range request.header {
		r.Header.Set(name, value)
	}
	res, err := w.client.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", w.name, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", w.name, err)
	}
	answer = regexp.MustCompile(`"requestId":"[^"]+"`).ReplaceAll(answer, []byte(`"requestId":"*"`))
	answer = regexp.MustCompile(`"trackingId":"[^"]+"`).ReplaceAll(answer, []byte(`"trackingId":"*"`))
	return fmt.Sprintf("%d\nContent-Type: %s\nAllow: %s\nRetry-After: %s\n\n%s", res.StatusCode,
		res.Header.Get("Content-Type"), res.Header.Get("Allow"), res.Header.Get("Retry-After"), answer)
}

// events lists what the hub has stored, without what always differs.
func (w *way) events() string {
	var out strings.Builder
	for _, e := range w.azure.Events() {
		id := e.MessageID
		if strings.HasPrefix(id, "once-") {
			id = "once"
		}
		fmt.Fprintf(&out, "%s %s %s id=%s time=%s %v\n", e.Device, e.Hub, e.Body, id, e.CreationTime, e.Properties)
	}
	return out.String()
}

// A wrong configuration stops the start, and all its faults are reported at once.
func TestAllFaultsAreReported(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), bootstrap(t))
	cmd.Env = []string{"GROUP_KEY=not base64!", "REQUEST_TIMEOUT=soon", "LOG_FORMAT=xml", "HUB_HINT=https://x/"}
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("it started")
	}
	for _, variable := range []string{"ID_SCOPE", "GROUP_KEY", "REQUEST_TIMEOUT", "LOG_FORMAT", "HUB_HINT", "AUTH"} {
		if !strings.Contains(string(out), variable+":") {
			t.Errorf("%s is not mentioned:\n%s", variable, out)
		}
	}
	if strings.Contains(string(out), "not base64!") {
		t.Errorf("the key is printed:\n%s", out)
	}
}

// With AUTH=none on an address that other machines can reach, every start logs a warning.
func TestExposedAddressIsLogged(t *testing.T) {
	t.Parallel()
	azure := emulator.Start(t, emulator.Config{})
	for host, warned := range map[string]bool{"HOST=127.0.0.1": false, "HOST=": true} {
		cmd := exec.CommandContext(t.Context(), bootstrap(t))
		cmd.Env = environment(t, azure, "PORT=0", host)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		for chunk := make([]byte, 4096); !bytes.Contains(log.Bytes(), []byte(`"listening"`)); {
			n, err := out.Read(chunk)
			log.Write(chunk[:n])
			if err != nil {
				t.Fatalf("%v: %s", err, log.String())
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if got := strings.Contains(log.String(), `"WARN"`); got != warned {
			t.Errorf("%s: warned %v: %s", host, got, log.String())
		}
	}
}

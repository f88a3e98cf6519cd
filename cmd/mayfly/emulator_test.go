package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

// emulating runs "mayfly emulator" until the test ends and gives what it printed.
func emulating(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	var stderr strings.Builder
	go func() {
		args = append([]string{"emulator", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}, args...)
		ended <- run(ctx, args, nil, writer, &stderr)
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, reader) }()
		if code := <-ended; code != 0 {
			t.Errorf("mayfly emulator ended with %d: %s", code, stderr.String())
		}
	})
	var printed strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(printed.String(), "Ctrl-C") {
		n, err := reader.Read(buffer)
		printed.Write(buffer[:n])
		if err != nil {
			t.Fatalf("mayfly emulator: %v\n%s", err, printed.String())
		}
	}
	return printed.String()
}

func printed(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s is not printed:\n%s", pattern, text)
	}
	return m[1]
}

// TestEmulatorLeadsGoDevicesHere does what is printed for Go: the same variables, and a program that knows nothing of an
// emulator. (What is printed for Node, tools/sdk-conformance does.)
func TestEmulatorLeadsGoDevicesHere(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := emulating(t, "--ca-out", ca, "--id-scope", "0ne0000ABCD", "--hubs", "lab-hub.azure-devices.net", "--retry-after", "1s")
	variables := strings.Fields(printed(t, text, `Go +(HTTPS_PROXY=.*) \./device`))
	if len(variables) != 2 || variables[1] != "SSL_CERT_FILE="+ca {
		t.Fatalf("printed for Go: %q", variables)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestGoDevice$", "-test.v")
	child.Env = append(os.Environ(), append(variables, "MAYFLY_GO_DEVICE="+printed(t, text, `ID scope +(\S+)`)+" "+printed(t, text, `group key +(\S+)`))...)
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "stored by lab-hub") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestGoDevice is the device of the test above, in a process of its own.
func TestGoDevice(t *testing.T) {
	scope, groupKey, ok := strings.Cut(os.Getenv("MAYFLY_GO_DEVICE"), " ")
	if !ok {
		t.Skip("not the device")
	}
	group, err := base64.StdEncoding.DecodeString(groupKey)
	if err != nil {
		t.Fatal(err)
	}
	key := mac(group, "go-device")
	dps := "https://global.azure-devices-provisioning.net/" + scope + "/registrations/go-device"
	token := sasToken(key, scope+"/registrations/go-device", "registration")
	var answer struct {
		OperationID       string
		Status            string
		RegistrationState struct{ AssignedHub string }
	}
	exchange(t, http.MethodPut, dps+"/register?api-version=2021-06-01", token, `{"registrationId":"go-device"}`, &answer)
	for answer.Status == "assigning" {
		time.Sleep(time.Second)
		exchange(t, http.MethodGet, dps+"/operations/"+answer.OperationID+"?api-version=2021-06-01", token, "", &answer)
	}
	hub := answer.RegistrationState.AssignedHub
	exchange(t, http.MethodPost, "https://"+hub+"/devices/go-device/messages/events?api-version=2021-04-12", sasToken(key, hub+"/devices/go-device", ""), `{"t":1}`, nil)
	t.Log("stored by " + hub)
}

func exchange(t *testing.T, method, target, token, body string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, target, resp.StatusCode, text, err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sasToken is a token for a resource, of an hour.
func sasToken(key []byte, resource, keyName string) string {
	escaped, expiry := url.QueryEscape(resource), fmt.Sprint(time.Now().Add(time.Hour).Unix())
	token := "SharedAccessSignature sr=" + escaped + "&sig=" + url.QueryEscape(base64.StdEncoding.EncodeToString(mac(key, escaped+"\n"+expiry))) + "&se=" + expiry
	if keyName != "" {
		token += "&skn=" + keyName
	}
	return token
}

func TestEmulatorTakesItsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	text := emulating(t, "--ca-dir", filepath.Join(dir, "ca"), "--seed", "3",
		"--faults", write("faults.json", `[{"id":"slow","endpoint":"send","latency":"1ms"}]`),
		"--enrollments", write("enrollments.json", `[{"registrationId":"one","deviceId":"One","primaryKey":"`+key+`"}]`))
	console := printed(t, text, `console +(http://\S+)`)
	for path, want := range map[string]string{"/faults": `"slow"`, "/": "<title>Mayfly", "/console/sources": `"tts"`, "/ca.pem": "BEGIN CERTIFICATE"} {
		resp, err := http.Get(console + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(body), want) {
			t.Errorf("%s: %.200s", path, body)
		}
	}
	// The CA of the folder stays the same.
	pem, err := os.ReadFile(filepath.Join(dir, "ca", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again.pem")
	emulating(t, "--ca-dir", filepath.Join(dir, "ca"), "--ca-out", again)
	if other, err := os.ReadFile(again); err != nil || string(other) != string(pem) {
		t.Errorf("another CA: %v", err)
	}
	// And it is an enrollment group of certificates elsewhere.
	emulating(t, "--x509-group", again)
}

func TestEmulatorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte(`[{"staus":500}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	busy := emulator.Start(t, emulator.Config{})
	for _, tt := range []struct {
		name string
		args []string
		want []string
		code int
	}{
		{"no hub", []string{"--hubs", "example.com"}, []string{"example.com", "NAME.azure-devices.net"}, 1},
		{"no key", []string{"--group-key", "short"}, []string{"group key"}, 1},
		{"two files at once", []string{"--faults", bad, "--enrollments", filepath.Join(dir, "none.json")}, []string{"--faults", "staus", "--enrollments", "none.json"}, 1},
		{"no certificate", []string{"--x509-group", bad}, []string{"--x509-group", "PEM"}, 1},
		{"no such folder", []string{"--ca-out", filepath.Join(dir, "none", "ca.pem")}, []string{"--ca-out"}, 1},
		{"port in use", []string{"--listen", busy.Addr()}, []string{"in use", "--listen and --console"}, 1},
		{"no such flag", []string{"--hub", "x"}, []string{"--hub"}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			args := append([]string{"emulator", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}, tt.args...)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if code := run(ctx, args, nil, &out, &errs); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("%q does not say %q", errs.String(), want)
				}
			}
		})
	}
}
